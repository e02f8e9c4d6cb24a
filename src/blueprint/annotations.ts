/** What people write on a pod or its workload: which blueprint, and commands of their own around the snapshots. */
import { DomainError } from "../base/errors.ts";
import { type JsonObject, objectIn, textIn } from "../kube/json.ts";
import { hookSession } from "./hook-session.ts";
import type { SessionCommand } from "./blueprint.ts";
import { parseTimeSpan } from "./time-span.ts";

export const BLUEPRINT_ANNOTATION = "holdfast.dev/blueprint";
export const FREEZE_ANNOTATION = "holdfast.dev/freeze-command";
export const THAW_ANNOTATION = "holdfast.dev/thaw-command";
export const CONTAINER_ANNOTATION = "holdfast.dev/hook-container";
export const TIMEOUT_ANNOTATION = "holdfast.dev/hook-timeout";

const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_COMMAND_LENGTH = 64 * 1024;

export interface Annotations {
  /** `none`: it is no database, whatever it looks like. */
  readonly blueprint: string | undefined;
  readonly hooks: SessionCommand | undefined;
  /** What they begin with, if that is a program. */
  readonly hookPrograms: readonly string[];
  readonly container: string | undefined;
}

/**
 * @param objects The pod, and what it belongs to: the first one that has an annotation counts
 * @param of For messages
 * @throws {DomainError} usage/hook_annotation
 */
export function readAnnotations(objects: readonly JsonObject[], of: string): Annotations {
  const value = (name: string): string | undefined => {
    const found = objects.map((object) => textIn(objectIn(objectIn(object, "metadata"), "annotations"), name));
    return found.find((text) => text !== undefined && text !== "");
  };
  const [freeze, thaw] = [value(FREEZE_ANNOTATION), value(THAW_ANNOTATION)];
  const base = { blueprint: value(BLUEPRINT_ANNOTATION), container: value(CONTAINER_ANNOTATION) };
  if (freeze === undefined && thaw === undefined) return { ...base, hooks: undefined, hookPrograms: [] };
  const refuse = (name: string, state: string): never => {
    throw new DomainError("usage", "hook_annotation", `Cannot use the hooks of ${of}: annotation "${name}" ${state}`);
  };
  if (freeze === undefined) return refuse(FREEZE_ANNOTATION, `is missing beside "${THAW_ANNOTATION}"`);
  if (thaw === undefined) return refuse(THAW_ANNOTATION, `is missing beside "${FREEZE_ANNOTATION}": nothing would let it go on`);
  const timeout = value(TIMEOUT_ANNOTATION);
  const timeoutMs = timeout === undefined ? DEFAULT_TIMEOUT_MS : parseTimeSpan(timeout);
  if (timeoutMs === undefined) return refuse(TIMEOUT_ANNOTATION, 'is no time such as "30s"');
  const line = (name: string, text: string): string =>
    shellLine(text) ?? refuse(name, "is neither a list of texts in JSON nor a line for a shell");
  const lines = [line(FREEZE_ANNOTATION, freeze), line(THAW_ANNOTATION, thaw)] as const;
  return { ...base, hooks: hookSession(...lines, timeoutMs), hookPrograms: [...new Set(lines.flatMap(firstProgram))] };
}

/** None of what is more than words for one program. */
function firstProgram(line: string): readonly string[] {
  const { program } = /^\s*'?(?<program>[-\w./+]+)'?(?=\s|$)/.exec(line)?.groups ?? {};
  return program === undefined ? [] : [program];
}

/** A list is run as it stands, each word quoted; anything else is a line for the shell. */
function shellLine(text: string): string | undefined {
  if (text.length > MAX_COMMAND_LENGTH || text.includes("\0")) return undefined;
  if (!text.trimStart().startsWith("[")) return text;
  let words: unknown;
  try {
    words = JSON.parse(text);
  } catch {
    // `[ -e /x ] && …` is a line, too.
    return text;
  }
  if (!Array.isArray(words) || words.length === 0 || !words.every((word) => typeof word === "string")) return undefined;
  return words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(" ");
}
