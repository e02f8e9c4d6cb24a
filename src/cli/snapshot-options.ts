/** Options that choose among snapshots, for all commands that take some. */
import type { Command } from "commander";

/** As commander gives it. */
export interface SnapshotFilterOptions {
  readonly host: readonly string[];
  readonly path: readonly string[];
  readonly tag: readonly string[];
}

export function addSnapshotFilter(command: Command): Command {
  return command
    .option("--host <name>", "Only snapshots of this host; may be repeated", collect, [])
    .option("--path <path>", "Only snapshots of this path; with several, of all of them", collect, [])
    .option("--tag <tags>", "Only snapshots with all tags of this list, as in a,b; may be repeated for other lists", collect, []);
}

/** For commander: options that may be repeated. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

export interface AsOfOptions {
  readonly asOf?: string;
}

/** For commands that only read. */
export function addAsOf(command: Command): Command {
  return command.option("--as-of <time>", "The repository as it was then, in a bucket that keeps versions, as in 2026-05-01T13:45:00Z");
}
