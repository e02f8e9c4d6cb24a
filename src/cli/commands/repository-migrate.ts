/** `holdfast repository migrate` */
import type { Command } from "commander";
import { migrate } from "../../repository/migrate.ts";
import type { CommandContext } from "../context.ts";
import { openLockedSession, runOnRepository, writeSummary } from "../repository-run.ts";

export interface RepositoryMigrateOptions {
  readonly dryRun?: boolean;
}

export async function repositoryMigrate(
  { dryRun = false }: RepositoryMigrateOptions,
  command: Command,
  context: CommandContext,
): Promise<void> {
  await runOnRepository(command, context, async (run) => {
    const { version: before } = run.repository.config;
    await using session = await openLockedSession(run, dryRun ? "shared" : "exclusive");
    const after = dryRun ? 2 : (await migrate(session)).config.version;
    const changes = before !== after;
    writeSummary(run, { before, after, dryRun }, () => {
      if (!changes) return "The repository has version 2 of the format already";
      if (dryRun) return "The repository would be brought from version 1 of the format to version 2";
      return "The repository has version 2 of the format now; prune --repack-uncompressed compresses what was there before";
    });
  });
}
