/** The command `dev/images/build`. */
import { Command } from "commander";
import { DomainError } from "../../src/base/errors.ts";
import { runAsProcess } from "../../src/cli/run-as-process.ts";
import { runCommand } from "../../src/cli/run-command.ts";
import { imageArchive } from "./build.ts";
import { findImage, IMAGES } from "./images.ts";

function createProgram(signal: AbortSignal): Command {
  return new Command("dev/images/build")
    .description(
      "Build images for development clusters that the cache does not hold, and print the reference and the archive of each, with a tab between",
    )
    .argument("[image...]", `Names of images: ${IMAGES.map((image) => image.name).join(", ")}`)
    .option("--all", "Every image")
    .addHelpText("after", "\nExamples:\n  dev/images/build postgres redis\n  dev/images/build --all")
    .action(async (names: readonly string[], { all }: { readonly all?: true }) => {
      for (const name of chosen(names, all === true)) {
        const { reference, archive } = await imageArchive(name, signal);
        process.stdout.write(`${reference}\t${archive}\n`);
      }
    });
}

/** All names are known before the first build starts. */
function chosen(names: readonly string[], all: boolean): string[] {
  if (all === names.length > 0) {
    throw new DomainError("usage", "image_choice", "Cannot build images: either names or --all must be given", {
      hint: `The images are ${IMAGES.map((image) => image.name).join(", ")}`,
    });
  }
  return (all ? IMAGES : names.map(findImage)).map((image) => image.name);
}

await runAsProcess(async (signal) => runCommand(createProgram(signal), process.argv.slice(2)));
