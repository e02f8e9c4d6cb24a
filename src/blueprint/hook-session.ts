/**
 * Two commands that know nothing of each other as one session that thaws by itself, as hook-session.sh says. The one that thaws may so
 * run without the other having done its work, or twice.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SessionCommand } from "./blueprint.ts";

/** What the shell takes, on top of what the command may take. */
const SHELL_MS = 5_000;

/** What it runs besides. */
export const HOOK_PROGRAMS: readonly string[] = ["timeout", "cat", "sleep"];

let script: string | undefined;

/** @param freeze A line for a shell, as `thaw` is */
export function hookSession(freeze: string, thaw: string, timeoutMs: number): SessionCommand {
  script ??= readFileSync(join(import.meta.dirname, "hook-session.sh"), "utf8");
  const patience = String(Math.max(1, Math.ceil(timeoutMs / 1000)));
  return { command: ["sh", "-c", script, "holdfast", freeze, thaw, patience], timeoutMs: timeoutMs + SHELL_MS };
}
