/** `holdfast blueprint check` */
import { readOwnBlueprints } from "../../blueprint/library.ts";
import type { CommandContext } from "../context.ts";
import { type OutputFormat, writeResult } from "../output.ts";
import { shownText } from "../shown.ts";

/** @throws {DomainError} usage/blueprint_file: the first thing that is wrong, with its place */
export async function blueprintCheck(files: readonly string[], context: CommandContext, format: OutputFormat): Promise<void> {
  const blueprints = await readOwnBlueprints(files, context.signal);
  writeResult(context, format, { blueprints: blueprints.map(({ name, file, tested }) => ({ name, file, tested: tested ?? null })) }, () =>
    blueprints
      .map(({ name, file, tested }) => shownText(`${file}: blueprint "${name}" is right${tested === undefined ? ", and untested" : ""}`))
      .join("\n"),
  );
}
