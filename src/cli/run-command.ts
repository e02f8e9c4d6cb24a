/** From arguments to an exit code: parses, runs, and shows what failed, as text or as JSON, on standard error. */
import { type Command, CommanderError } from "commander";
import { DomainError, exitCodeOf } from "../base/errors.ts";
import { errorJson, errorText } from "../base/error-text.ts";

/** Runs what `args` ask for, the program's name not among them; a program with commands prints its help without any. Never rejects. */
export async function runCommand(program: Command, args: readonly string[]): Promise<number> {
  silence(program);
  try {
    const helpWanted = args.length === 0 && program.commands.length > 0;
    await program.parseAsync(helpWanted ? ["--help"] : args, { from: "user" });
    return 0;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    const error = thrown instanceof CommanderError ? usageError(program, thrown) : thrown;
    const asJson = program.opts()["output"] === "json";
    const closed = error instanceof DomainError && error.code === "output_closed";
    if (!closed) process.stderr.write(`${asJson ? JSON.stringify({ error: errorJson(error) }) : errorText(error)}\n`);
    return exitCodeOf(error);
  }
}

/** Makes commander throw where it would print an error and exit. It only passes this on to commands added later. */
function silence(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  command.commands.forEach(silence);
}

/** Puts commander's text ("error: unknown option '--x'\n(Did you mean --y?)") into our grammar. */
function usageError(program: Command, { code, message }: CommanderError): DomainError {
  const seeHelp = `Run "${program.name()} --help" for what there is`;
  const [text = "", suggestion] = message
    .replace(/^error: /, "")
    .replaceAll("'", '"')
    .split("\n");
  const meant = /^\(Did you mean (?<names>.*)\?\)$/.exec(suggestion ?? "")?.groups?.["names"];
  const sentence = text.charAt(0).toUpperCase() + text.slice(1).replace(/\.$/, "");
  if (code === "commander.help") return new DomainError("usage", "missing_command", "Missing command", { hint: seeHelp });
  const name = code.replace(/^commander\./, "").replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return new DomainError("usage", name, sentence, {
    hint: meant === undefined ? seeHelp : `Did you mean "${meant.replaceAll(", ", '", "')}"?`,
  });
}
