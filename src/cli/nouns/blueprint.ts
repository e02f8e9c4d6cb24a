/** `holdfast blueprint …` */
import type { Command } from "commander";
import { addBlueprintsOption, type BlueprintsOption } from "../blueprint-options.ts";
import { addClusterOptions } from "../cluster-options.ts";
import type { BlueprintTestOptions } from "../commands/blueprint-test.ts";
import type { CommandContext } from "../context.ts";
import { outputFormat } from "../output.ts";

export function addBlueprint(program: Command, context: CommandContext): void {
  const blueprint = program.command("blueprint").helpCommand(false).description("Examine how databases are recognised, held and checked");
  const list = blueprint.command("list").description("List the blueprints at hand, and which of them were tried");
  addBlueprintsOption(list).action(async (given: BlueprintsOption, command: Command) => {
    const { blueprintList } = await import("../commands/blueprint-list.ts");
    await blueprintList(given, context, outputFormat(command));
  });
  const show = blueprint
    .command("show")
    .argument("<name>", "As list has it")
    .description("Show what a blueprint does, its commands included");
  addBlueprintsOption(show).action(async (name: string, given: BlueprintsOption, command: Command) => {
    const { blueprintShow } = await import("../commands/blueprint-show.ts");
    await blueprintShow(name, given, context, outputFormat(command));
  });
  blueprint
    .command("check")
    .argument("<file...>", "Files with a blueprint each, or folders of them")
    .description("Say whether blueprints are right; no cluster is asked")
    .action(async (files: readonly string[], _given: unknown, command: Command) => {
      const { blueprintCheck } = await import("../commands/blueprint-check.ts");
      await blueprintCheck(files, context, outputFormat(command));
    });
  const test = blueprint
    .command("test")
    .argument("<namespace>", "Where the databases run")
    .description("Find the databases of a namespace and say whether they could be quiesced; nothing is changed without --quiesce")
    .option("--quiesce", "Freeze each of them for a moment, and check it")
    .option("--only <workload>", "Only this one, as in StatefulSet/db");
  addClusterOptions(addBlueprintsOption(test)).action(async (namespace: string, given: BlueprintTestOptions, command: Command) => {
    const { blueprintTest } = await import("../commands/blueprint-test.ts");
    await blueprintTest(namespace, given, command, context);
  });
}
