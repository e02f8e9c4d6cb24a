/** Where blueprints come from. */
import type { Command } from "commander";

export interface BlueprintsOption {
  readonly blueprints: readonly string[];
}

export function addBlueprintsOption(command: Command): Command {
  return command.option(
    "--blueprints <path>",
    "A file or folder of blueprints of your own; may be repeated",
    (value: string, before: readonly string[]) => [...before, value],
    [],
  );
}
