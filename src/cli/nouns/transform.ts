/** `holdfast transform …` */
import type { Command } from "commander";
import type { TransformTestOptions } from "../commands/transform-test.ts";
import type { CommandContext } from "../context.ts";
import { outputFormat } from "../output.ts";

export function addTransform(program: Command, context: CommandContext): void {
  const transform = program.command("transform").helpCommand(false).description("Examine changes that a restore makes to objects");
  transform
    .command("test")
    .argument("<file>", "The transforms, as for restore --transform")
    .description("Say what transforms make of objects; neither a cluster nor a location is asked")
    .requiredOption("--object <file>", "Objects, as YAML or JSON, several or a list, too; - for standard input; may be repeated", oneMore)
    .action(async (file: string, given: TransformTestOptions, command: Command) => {
      const { transformTest } = await import("../commands/transform-test.ts");
      await transformTest(file, given, context, outputFormat(command));
    });
}

/** A default would make the option one that may be left out. */
function oneMore(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
