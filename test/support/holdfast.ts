import { join } from "node:path";
import { type CommandResult, runProgram } from "./program.ts";

const PROGRAM = join(import.meta.dirname, "../../bin/holdfast");

export function runHoldfast(args: readonly string[], signal?: AbortSignal): Promise<CommandResult> {
  return runProgram(PROGRAM, args, { signal });
}
