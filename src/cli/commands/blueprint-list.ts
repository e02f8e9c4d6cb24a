/** `holdfast blueprint list` */
import type { Blueprint } from "../../blueprint/blueprint.ts";
import { readLibrary } from "../../blueprint/library.ts";
import type { BlueprintsOption } from "../blueprint-options.ts";
import type { CommandContext } from "../context.ts";
import { type OutputFormat, writeResult } from "../output.ts";
import { shownText } from "../shown.ts";
import { type Column, formatTable } from "../table.ts";

const COLUMNS: readonly Column[] = [{ title: "Name" }, { title: "Tested with" }, { title: "Can" }, { title: "File" }];

export async function blueprintList({ blueprints: paths }: BlueprintsOption, context: CommandContext, format: OutputFormat): Promise<void> {
  const blueprints = (await readLibrary(paths, context.signal)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  writeResult(context, format, { blueprints }, () =>
    formatTable(
      COLUMNS,
      blueprints.map((blueprint) => [
        blueprint.name,
        shownText(blueprint.tested ?? "untested"),
        abilities(blueprint).join(", "),
        shownText(blueprint.file),
      ]),
    ),
  );
}

function abilities(blueprint: Blueprint): readonly string[] {
  return (["quiesce", "dump", "load", "check", "mask"] as const).filter((ability) => blueprint[ability] !== undefined);
}
