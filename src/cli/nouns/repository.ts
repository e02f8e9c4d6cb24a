/** `holdfast repository …` */
import { type Command, Option } from "commander";
import type { RepositoryAccessOptions } from "../commands/repository-access.ts";
import type { RepositoryInitOptions } from "../commands/repository-init.ts";
import type { RepositoryCheckOptions } from "../commands/repository-check.ts";
import type { RepositoryCopyOptions } from "../commands/repository-copy.ts";
import type { RepositoryAdoptOptions } from "../commands/repository-adopt.ts";
import type { RepositoryForgetOptions } from "../commands/repository-forget.ts";
import type { RepositoryMigrateOptions } from "../commands/repository-migrate.ts";
import type { RepositoryPruneOptions } from "../commands/repository-prune.ts";
import type { RepositoryStatsOptions } from "../commands/repository-stats.ts";
import type { RepositoryUnlockOptions } from "../commands/repository-unlock.ts";
import type { CommandContext } from "../context.ts";
import { addSecretOutput } from "../new-secret.ts";
import { addRepositoryOptions } from "../repository-options.ts";
import { addKeepOptions } from "../keep-options.ts";
import { addPruneOptions } from "../prune-options.ts";
import { addSnapshotFilter } from "../snapshot-options.ts";
import { addKey, addPassword } from "./repository-key.ts";
import { addRepair } from "./repository-repair.ts";
import { addRetention } from "./repository-retention.ts";

export function addRepository(program: Command, context: CommandContext): void {
  const repository = program.command("repository").helpCommand(false).description("Make and tend repositories");
  addInit(repository, context);
  addCheck(repository, context);
  addStats(repository, context);
  addForget(repository, context);
  addPrune(repository, context);
  addCopy(repository, context);
  addRepair(repository, context);
  addMigrate(repository, context);
  addAdopt(repository, context);
  addAccess(repository, context);
  addUnlock(repository, context);
  addPassword(repository, context);
  addKey(repository, context);
  addRetention(repository, context);
}

function addInit(repository: Command, context: CommandContext): void {
  const init = addSecretOutput(repository.command("init"), "--key-out", "new key")
    .description("Make a new repository in a folder or bucket, with a key that is made at random or with a password of your own")
    .option("--chunker-from <url>", "Cut as that repository does, so that copies between both store nothing twice")
    .option("--from-password-file <file>", "Read the password of --chunker-from from this file (default: $HOLDFAST_FROM_PASSWORD, or ask)")
    .addOption(new Option("--format-version <version>", "Version of restic's format").choices(["1", "2"]).default("2"))
    .option("--retention <duration>", "Put all that is added under Object Lock for so long, as 30d; the bucket must have it")
    .option("--no-check-storage", "Do not prove first that the storage keeps what repositories rely on");
  addRepositoryOptions(init).action(async (given: RepositoryInitOptions, command: Command) => {
    const { repositoryInit } = await import("../commands/repository-init.ts");
    await repositoryInit(given, command, context);
  });
}

function addCheck(repository: Command, context: CommandContext): void {
  const check = repository
    .command("check")
    .description("Prove that a repository is whole; what is damaged is named with the files that it touches")
    .option("--read-data", "Read and verify all data")
    .option("--read-data-subset <subset>", 'Read and verify a part: n/m, a percentage or an amount, as in "5%" or "10 GiB"')
    .option(
      "--lock-expiry [duration]",
      "Name files that snapshots need and that can be deleted too early: before the retention is over, or within this",
    )
    .option("--with-cache", "Trust the local cache for index files and folders");
  addRepositoryOptions(check).action(async (given: RepositoryCheckOptions, command: Command) => {
    const { repositoryCheck } = await import("../commands/repository-check.ts");
    await repositoryCheck(given, command, context);
  });
}

function addForget(repository: Command, context: CommandContext): void {
  const forget = addKeepOptions(
    repository
      .command("forget")
      .argument("[snapshot...]", "Ids, to remove these; without any, rules say what is kept")
      .description("Remove snapshots by rules, or by name; the last good one of a group stays"),
  )
    .option("--group-by <keys>", 'Apply the rules to each group of these: host, paths, tags; "" for one group', "host,paths")
    .option("--may-remove-all", "Let a group lose its last good snapshot")
    .option("-n, --dry-run", "Only say what would be removed, and why the rest is kept")
    .option("--prune", "Prune afterwards, as the command of that name does");
  addRepositoryOptions(addSnapshotFilter(forget)).action(
    async (names: readonly string[], given: RepositoryForgetOptions, command: Command) => {
      const { repositoryForget } = await import("../commands/repository-forget.ts");
      await repositoryForget(names, given, command, context);
    },
  );
}

function addPrune(repository: Command, context: CommandContext): void {
  const prune = addPruneOptions(
    repository.command("prune").description("Mark data that no snapshot needs, and delete what was marked long enough ago"),
  ).option("-n, --dry-run", "Only say what would be done");
  addRepositoryOptions(prune).action(async (given: RepositoryPruneOptions, command: Command) => {
    const { repositoryPrune } = await import("../commands/repository-prune.ts");
    await repositoryPrune(given, command, context);
  });
}

function addCopy(repository: Command, context: CommandContext): void {
  const copy = repository
    .command("copy")
    .argument("[snapshot...]", 'Ids or "latest"; all without any')
    .description("Copy snapshots from another repository into this one")
    .option("--from-repository <url>", "Folder or bucket to copy from (default: $HOLDFAST_FROM_REPOSITORY)")
    .option("--from-password-file <file>", "Read its password from this file (default: $HOLDFAST_FROM_PASSWORD, or ask)")
    .addOption(
      new Option("--verify-writes <share>", "How much of what is stored is read back from memory first")
        .choices(["sample", "all"])
        .default("sample"),
    )
    .option("-n, --dry-run", "Only say what would be copied");
  addRepositoryOptions(addSnapshotFilter(copy)).action(async (names: readonly string[], given: RepositoryCopyOptions, command: Command) => {
    const { repositoryCopy } = await import("../commands/repository-copy.ts");
    await repositoryCopy(names, given, command, context);
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

function addMigrate(repository: Command, context: CommandContext): void {
  const migrate = repository
    .command("migrate")
    .description("Bring a repository to version 2 of the format, which compresses")
    .option("-n, --dry-run", "Only say what would be done");
  addRepositoryOptions(migrate).action(async (given: RepositoryMigrateOptions, command: Command) => {
    const { repositoryMigrate } = await import("../commands/repository-migrate.ts");
    await repositoryMigrate(given, command, context);
  });
}

function addAdopt(repository: Command, context: CommandContext): void {
  const adopt = repository
    .command("adopt")
    .description("Make a cluster the writer of a repository")
    .requiredOption("--cluster <name>", "Name of the new writer")
    .option("--force", "Although the present writer has written in the last hour");
  addRepositoryOptions(adopt).action(async (given: RepositoryAdoptOptions, command: Command) => {
    const { repositoryAdopt } = await import("../commands/repository-adopt.ts");
    await repositoryAdopt(given, command, context);
  });
}
