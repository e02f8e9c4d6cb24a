/** `holdfast repository …` */
import { type Command, Option } from "commander";
import type { RepositoryAccessOptions } from "../commands/repository-access.ts";
import type { RepositoryInitOptions } from "../commands/repository-init.ts";
import type { KeyAddOptions, NewPasswordOptions } from "../commands/repository-key.ts";
import type { RepositoryStatsOptions } from "../commands/repository-stats.ts";
import type { RepositoryUnlockOptions } from "../commands/repository-unlock.ts";
import type { CommandContext } from "../context.ts";
import { addSecretOutput } from "../new-secret.ts";
import { addRepositoryOptions } from "../repository-options.ts";
import { addSnapshotFilter } from "../snapshot-options.ts";

const NEW_PASSWORD_FILE = [
  "--new-password-file <file>",
  "Read the new password from this file (default: $HOLDFAST_NEW_PASSWORD, or ask)",
] as const;

export function addRepository(program: Command, context: CommandContext): void {
  const repository = program.command("repository").helpCommand(false).description("Make and tend repositories");
  addInit(repository, context);
  addStats(repository, context);
  addAccess(repository, context);
  addUnlock(repository, context);
  addPassword(repository, context);
  addKey(repository, context);
}

function addInit(repository: Command, context: CommandContext): void {
  const init = addSecretOutput(repository.command("init"), "--key-out", "new key")
    .description("Make a new repository in a folder or bucket, with a key that is made at random or with a password of your own")
    .option("--chunker-from <url>", "Cut as that repository does, so that copies between both store nothing twice")
    .option("--from-password-file <file>", "Read the password of --chunker-from from this file (default: $HOLDFAST_FROM_PASSWORD, or ask)")
    .addOption(new Option("--format-version <version>", "Version of restic's format").choices(["1", "2"]).default("2"))
    .option("--no-check-storage", "Do not prove first that the storage keeps what repositories rely on");
  addRepositoryOptions(init)
    .addHelpText(
      "after",
      `
Examples:
  holdfast repository init --repository /srv/backups --key-out ~/backups.key
  holdfast repository init --repository 's3://backups/eu?region=eu-central-1' --password-file ~/.holdfast`,
    )
    .action(async (given: RepositoryInitOptions, command: Command) => {
      const { repositoryInit } = await import("../commands/repository-init.ts");
      await repositoryInit(given, command, context);
    });
}

function addStats(repository: Command, context: CommandContext): void {
  const stats = repository
    .command("stats")
    .argument("[snapshot...]", 'Ids or "latest"; all without any')
    .description("Count what is in a repository")
    .addOption(
      new Option("--mode <mode>", "What is counted: files as they would be restored, equal files once, or what is stored for them")
        .choices(["restore-size", "files-by-contents", "raw-data"])
        .default("restore-size"),
    );
  addRepositoryOptions(addSnapshotFilter(stats)).action(
    async (names: readonly string[], given: RepositoryStatsOptions, command: Command) => {
      const { repositoryStats } = await import("../commands/repository-stats.ts");
      await repositoryStats(names, given, command, context);
    },
  );
}

function addAccess(repository: Command, context: CommandContext): void {
  const access = addSecretOutput(repository.command("access"), "--password-out", "password").description(
    "Print what restic needs to open a repository",
  );
  addRepositoryOptions(access).action(async (given: RepositoryAccessOptions, command: Command) => {
    const { repositoryAccess } = await import("../commands/repository-access.ts");
    await repositoryAccess(given, command, context);
  });
}

function addUnlock(repository: Command, context: CommandContext): void {
  const unlock = repository
    .command("unlock")
    .description("Remove locks that nobody holds any more")
    .option("--all", "Remove locks that seem to be held, too");
  addRepositoryOptions(unlock).action(async (given: RepositoryUnlockOptions, command: Command) => {
    const { repositoryUnlock } = await import("../commands/repository-unlock.ts");
    await repositoryUnlock(given, command, context);
  });
}

function addPassword(repository: Command, context: CommandContext): void {
  const password = repository
    .command("password")
    .description("Change the password of a repository")
    .option(...NEW_PASSWORD_FILE);
  addRepositoryOptions(password).action(async (given: NewPasswordOptions, command: Command) => {
    const { changePassword } = await import("../commands/repository-key.ts");
    await changePassword(given, command, context);
  });
}

function addKey(repository: Command, context: CommandContext): void {
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
