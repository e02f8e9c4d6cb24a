/**
 * The commands, as commander knows them. A command's own code is imported by its action, so that `--help` loads none:
 * `.action(async (...) => (await import("../commands/storage-check.ts")).storageCheck(...))`.
 */
import { Command, Help, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { type CommandContext, processContext } from "./context.ts";
import { addExamples } from "./examples.ts";
import { addBackup } from "./nouns/backup.ts";
import { addApp } from "./nouns/app.ts";
import { addBlueprint } from "./nouns/blueprint.ts";
import { addClone } from "./nouns/clone.ts";
import { addCompletion } from "./nouns/completion.ts";
import { addFiles } from "./nouns/files.ts";
import { addGc } from "./nouns/gc.ts";
import { addLocation } from "./nouns/location.ts";
import { addPoint } from "./nouns/point.ts";
import { addRepository } from "./nouns/repository.ts";
import { addRestore } from "./nouns/restore.ts";
import { addRun } from "./nouns/run.ts";
import { addStorage } from "./nouns/storage.ts";
import { addTransform } from "./nouns/transform.ts";

const DESCRIPTION = `Protects applications that run on Kubernetes.

Find them, take a restore point, and bring them back:
  export HOLDFAST_LOCATION=/srv/backups
  holdfast location init --key-out ~/backups.key
  holdfast app list
  holdfast backup shop --password-file ~/backups.key
  holdfast restore shop --to-namespace shop-copy --password-file ~/backups.key

Files and folders of one machine are kept with "holdfast files backup".`;

/** An option that may be repeated has an empty list first, which tells nobody anything. */
const EMPTY_DEFAULT = / \(default: \[\]\)$/;

/** Global options may stand anywhere on the command line. */
export function createProgram(context: CommandContext = processContext(new AbortController().signal)): Command {
  const program = new Command("holdfast")
    .description(DESCRIPTION)
    .version(packageJson.version, "-V, --version", "Print the version")
    .helpOption("-h, --help", "Print help")
    .configureHelp({
      showGlobalOptions: true,
      optionDescription: (option) => new Help().optionDescription(option).replace(EMPTY_DEFAULT, ""),
    })
    .addOption(new Option("-o, --output <format>", "Format of results and errors").choices(["text", "json"]).default("text"));
  addApp(program, context);
  addBackup(program, context);
  addRestore(program, context);
  addClone(program, context);
  addPoint(program, context);
  addRun(program, context);
  addGc(program, context);
  addTransform(program, context);
  addBlueprint(program, context);
  addLocation(program, context);
  addRepository(program, context);
  addFiles(program, context);
  addStorage(program, context);
  addCompletion(program, context);
  program
    .command("help")
    .argument("[command...]", "The command to explain")
    .description("Print help of a command")
    .action((path: readonly string[]) => findCommand(program, path).outputHelp());
  addExamples(program);
  return program;
}

function findCommand(program: Command, path: readonly string[]): Command {
  return path.reduce(
    (parent, name) => parent.commands.find((child) => child.name() === name) ?? parent.error(`error: unknown command '${name}'`),
    program,
  );
}
