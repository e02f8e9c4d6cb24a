/** Results on standard output, findings on standard error: text for people, or JSON. */
import type { Command } from "commander";
import type { FindingSink } from "../base/finding.ts";
import type { CommandContext } from "./context.ts";

export type OutputFormat = "text" | "json";

/** What `-o` says, wherever on the command line it stood. */
export function outputFormat(command: Command): OutputFormat {
  return command.optsWithGlobals()["output"] === "json" ? "json" : "text";
}

/** @param text What people read instead of the value, without a newline at its end; nothing is written if it is empty. */
export function writeResult({ stdout }: Pick<CommandContext, "stdout">, format: OutputFormat, value: unknown, text: () => string): void {
  const shown = format === "json" ? JSON.stringify(value) : text();
  if (shown !== "") stdout.write(`${shown}\n`);
}

/** A line for each finding. What it is about stands in front, unless the message names it. */
export function findingWriter(format: OutputFormat, write: (line: string) => void): FindingSink {
  return (finding) => {
    const { grade, object, message } = finding;
    const text = message.includes(object) ? message : `${object}: ${message}`;
    write(format === "json" ? JSON.stringify({ finding }) : `${grade === "info" ? "" : `${grade}: `}${text}`);
  };
}
