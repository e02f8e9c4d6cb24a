/** `holdfast repository password` and `holdfast repository key …` */
import type { Command } from "commander";
import type { KeyAddOptions, NewPasswordOptions } from "../commands/repository-key.ts";
import type { CommandContext } from "../context.ts";
import { addSecretOutput } from "../new-secret.ts";
import { addRepositoryOptions } from "../repository-options.ts";

const NEW_PASSWORD_FILE = [
  "--new-password-file <file>",
  "Read the new password from this file (default: $HOLDFAST_NEW_PASSWORD, or ask)",
] as const;

export function addPassword(repository: Command, context: CommandContext): void {
  const password = repository
    .command("password")
    .description("Change the password of a repository")
    .option(...NEW_PASSWORD_FILE);
  addRepositoryOptions(password).action(async (given: NewPasswordOptions, command: Command) => {
    const { changePassword } = await import("../commands/repository-key.ts");
    await changePassword(given, command, context);
  });
}

export function addKey(repository: Command, context: CommandContext): void {
  const key = repository.command("key").helpCommand(false).description("Let others open a repository, each with a password of its own");
  const add = addSecretOutput(key.command("add"), "--key-out", "new password")
    .description("Add a password: one that is given, or one that is made at random")
    .option(...NEW_PASSWORD_FILE)
    .option("--hostname <name>", "Whom the key is for (default: this machine)")
    .option("--username <name>", "Whom the key is for (default: who runs this)");
  addRepositoryOptions(add).action(async (given: KeyAddOptions, command: Command) => {
    const { keyAdd } = await import("../commands/repository-key.ts");
    await keyAdd(given, command, context);
  });
  addRepositoryOptions(key.command("list").description("List the keys of a repository")).action(
    async (_given: unknown, command: Command) => {
      const { keyList } = await import("../commands/repository-key.ts");
      await keyList(command, context);
    },
  );
  const remove = key
    .command("remove")
    .argument("<key>", "Id, or at least four of its first digits")
    .description("Remove a key: its password opens the repository no more");
  addRepositoryOptions(remove).action(async (name: string, _given: unknown, command: Command) => {
    const { keyRemove } = await import("../commands/repository-key.ts");
    await keyRemove(name, command, context);
  });
}
