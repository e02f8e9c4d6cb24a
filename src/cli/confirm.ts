/** Asks a person before something goes for good. Without a terminal nobody can answer, so it has to be said beforehand. */
import { createInterface } from "node:readline/promises";
import { DomainError } from "../base/errors.ts";
import type { CommandContext } from "./context.ts";

export interface Confirmation {
  /** For messages: "release run 01…". */
  readonly what: string;
  readonly signal: AbortSignal;
}

/** @throws {DomainError} usage/not_confirmed, cancelled/not_confirmed */
export async function confirm(question: string, { stdin, stderr }: CommandContext, { what, signal }: Confirmation): Promise<void> {
  if (stdin.isTTY !== true) {
    throw new DomainError("usage", "not_confirmed", `Cannot ${what}: nobody is here to confirm it`, { hint: "Say so with --yes" });
  }
  const terminal = createInterface({ input: stdin, output: stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    terminal.close();
  }
  throw new DomainError("cancelled", "not_confirmed", `Cancelled: nothing was changed`);
}
