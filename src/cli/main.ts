/** Entry point of the command line. */
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

// First of all, and the rest by import(): only what is loaded later comes from the cache.
enableCompileCache(join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "holdfast", "compiled"));

const { runAsProcess } = await import("./run-as-process.ts");
const { runCommand } = await import("./run-command.ts");
const { createProgram } = await import("./program.ts");
const { processContext } = await import("./context.ts");

await runAsProcess((signal) => runCommand(createProgram(processContext(signal)), process.argv.slice(2)));
