/** Options that choose files by patterns. */
import type { Command } from "commander";
import { collect } from "./snapshot-options.ts";

/** As commander gives them. */
export interface ExcludeOptions {
  readonly exclude: readonly string[];
  readonly iexclude: readonly string[];
  readonly excludeFile: readonly string[];
  readonly iexcludeFile: readonly string[];
}

export interface IncludeOptions {
  readonly include: readonly string[];
  readonly iinclude: readonly string[];
  readonly includeFile: readonly string[];
  readonly iincludeFile: readonly string[];
}

export function addExcludeOptions(command: Command): Command {
  return command
    .option("-e, --exclude <pattern>", 'Leave out what matches, as in "*.tmp" or "/home/*/.cache"; "!" in front takes back', collect, [])
    .option("--iexclude <pattern>", "The same without regard to case", collect, [])
    .option("--exclude-file <file>", "Read patterns from a file, one a line", collect, [])
    .option("--iexclude-file <file>", "The same without regard to case", collect, []);
}

export function addIncludeOptions(command: Command): Command {
  return command
    .option("-i, --include <pattern>", "Take only what matches", collect, [])
    .option("--iinclude <pattern>", "The same without regard to case", collect, [])
    .option("--include-file <file>", "Read patterns from a file, one a line", collect, [])
    .option("--iinclude-file <file>", "The same without regard to case", collect, []);
}
