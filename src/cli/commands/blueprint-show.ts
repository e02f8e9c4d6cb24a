/** `holdfast blueprint show` */
import { DomainError } from "../../base/errors.ts";
import type { Blueprint, BlueprintCommand } from "../../blueprint/blueprint.ts";
import { readLibrary } from "../../blueprint/library.ts";
import type { BlueprintsOption } from "../blueprint-options.ts";
import type { CommandContext } from "../context.ts";
import { formatElapsed } from "../duration.ts";
import { type OutputFormat, writeResult } from "../output.ts";
import { shownText } from "../shown.ts";

const COMMANDS = ["replica", "preflight", "quiesce", "dump", "load", "check", "mask"] as const;

export async function blueprintShow(
  name: string,
  { blueprints: paths }: BlueprintsOption,
  context: CommandContext,
  format: OutputFormat,
): Promise<void> {
  const blueprint = (await readLibrary(paths, context.signal)).find((one) => one.name === name);
  if (blueprint === undefined) {
    throw new DomainError("not-found", "blueprint_unknown", `Cannot show blueprint "${name}": there is none of this name`, {
      hint: 'See "holdfast blueprint list"',
    });
  }
  writeResult(context, format, blueprint, () => showText(blueprint));
}

function showText(blueprint: Blueprint): string {
  const { name, tested, description, match, needs } = blueprint;
  const labels = match.labels.map((set) =>
    Object.entries(set)
      .map((label) => label.join("="))
      .join(","),
  );
  const facts = [
    ["Tested with", tested ?? "nothing: untested"],
    ["Images", match.images.join(", ")],
    ["Labels", labels.join(" or ")],
    ["Owners", match.owners.join(", ")],
    ["Needs", needs.join(", ")],
  ].filter(([, value]) => value !== "");
  const commands = COMMANDS.flatMap((which) => commandLines(which, blueprint[which]));
  return [name, description, "", ...facts.map(([title = "", value = ""]) => `${title.padEnd(11)}  ${value}`)]
    .map(shownText)
    .concat(commands)
    .join("\n");
}

function commandLines(which: string, command: BlueprintCommand | undefined): readonly string[] {
  if (command === undefined) return [];
  const [program, , script] = command.command;
  const lines = program === "sh" && command.command.length === 4 ? (script ?? "").trimEnd().split("\n") : [command.command.join(" ")];
  const title = ["", `${which}, within ${formatElapsed(command.timeoutMs)}:`];
  return title.concat(lines.map((line) => `  ${shownText(line)}`.trimEnd()));
}
