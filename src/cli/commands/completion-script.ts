/** `holdfast completion`: a script that makes a shell ask `holdfast complete` for what fits. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CommandContext } from "../context.ts";

export type Shell = "bash" | "zsh" | "fish";

export async function completionScript(shell: Shell, { stdout }: Pick<CommandContext, "stdout">): Promise<void> {
  stdout.write(await readFile(join(import.meta.dirname, "../shell", `holdfast.${shell}`), "utf8"));
}
