/** The option of every command that deals with units of a cluster. */
import { resolve } from "node:path";
import type { Command } from "commander";
import type { DeclaredUnit } from "../application/unit.ts";

export function addUnitsOption(command: Command): Command {
  return command.option("--units <file>", "Applications that are declared, in YAML: their names, namespaces and selectors");
}

/** @throws {DomainError} usage/units_file */
export async function readDeclaredUnits(file: string | undefined, signal?: AbortSignal): Promise<readonly DeclaredUnit[]> {
  if (file === undefined) return [];
  const { readUnits } = await import("../application/declared-units.ts");
  return readUnits(resolve(file), signal);
}
