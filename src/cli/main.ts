/** Entry point of the command line, started by bin/holdfast. */
import { processContext } from "./context.ts";
import { createProgram } from "./program.ts";
import { runAsProcess } from "./run-as-process.ts";
import { runCommand } from "./run-command.ts";

await runAsProcess((signal) => runCommand(createProgram(processContext(signal)), process.argv.slice(2)));
