/** `holdfast completion`, and the hidden command that the scripts which it prints call. */
import { Argument, type Command } from "commander";
import type { Shell } from "../commands/completion-script.ts";
import type { CommandContext } from "../context.ts";

const SHELLS: readonly Shell[] = ["bash", "zsh", "fish"];

export function addCompletion(program: Command, context: CommandContext): void {
  program
    .command("completion")
    .addArgument(new Argument("<shell>", "Which shell it is for").choices(SHELLS))
    .description("Print a script that lets a shell complete commands and options")
    .action(async (shell: Shell) => (await import("../commands/completion-script.ts")).completionScript(shell, context));

  // Prints a line for each word that fits, "word<Tab>description", and ":files" where names of files do.
  program
    .command("complete", { hidden: true })
    .argument("[words...]", "The words behind the name of the program, up to the cursor")
    .description("List what fits for the last word")
    .action(async (words: readonly string[]) => {
      const { complete } = await import("../completion.ts");
      const { candidates, files } = complete(program, words);
      const lines = [...candidates.map(({ word, description }) => `${word}\t${description}`), ...(files ? [":files"] : [])];
      context.stdout.write(lines.map((line) => `${line}\n`).join(""));
    });
}
