/** `holdfast repository repair …` */
import type { Command } from "commander";
import type { RepairIndexOptions, RepairOptions, RepairSnapshotsOptions, RepairUndeleteOptions } from "../commands/repository-repair.ts";
import type { CommandContext } from "../context.ts";
import { addRepositoryOptions } from "../repository-options.ts";
import { addSnapshotFilter } from "../snapshot-options.ts";

const DRY_RUN = ["-n, --dry-run", "Only say what would be done"] as const;

export function addRepair(repository: Command, context: CommandContext): void {
  const repair = repository.command("repair").helpCommand(false).description("Take damage out of a repository, and say what it touched");
  addRepositoryOptions(
    repair
      .command("index")
      .description("Make the index anew where it is damaged, or names packs that are gone")
      .option("--read-all-packs", "Believe no index file, and look at all packs")
      .option(...DRY_RUN),
  ).action(async (given: RepairIndexOptions, command: Command) => {
    const { repairIndexCommand } = await import("../commands/repository-repair.ts");
    await repairIndexCommand(given, command, context);
  });
  addRepositoryOptions(
    repair
      .command("packs")
      .argument("<pack...>", "Ids of damaged packs, as check names them")
      .description("Save what is whole of damaged packs, and take them out of the index")
      .option(...DRY_RUN),
  ).action(async (names: readonly string[], given: RepairOptions, command: Command) => {
    const { repairPacksCommand } = await import("../commands/repository-repair.ts");
    await repairPacksCommand(names, given, command, context);
  });
  addRepositoryOptions(
    addSnapshotFilter(
      repair
        .command("snapshots")
        .argument("[snapshot...]", 'Ids or "latest"; all without any')
        .description("Make damaged snapshots anew without what cannot be read")
        .option("--forget", "Remove the damaged originals")
        .option(...DRY_RUN),
    ),
  ).action(async (names: readonly string[], given: RepairSnapshotsOptions, command: Command) => {
    const { repairSnapshotsCommand } = await import("../commands/repository-repair.ts");
    await repairSnapshotsCommand(names, given, command, context);
  });
  addRepositoryOptions(
    repair
      .command("access")
      .argument("[key...]", "Ids of keys to put back whose files are gone: lost, not removed by another program")
      .description("Put back what opens the repository (config, keys, salt) from spare copies, and make spares that are missing")
      .option(...DRY_RUN),
  ).action(async (names: readonly string[], given: RepairOptions, command: Command) => {
    const { repairAccessCommand } = await import("../commands/repository-repair.ts");
    await repairAccessCommand(names, given, command, context);
  });
  addRepositoryOptions(
    repair
      .command("undelete")
      .description("Give back what was deleted or overwritten in a bucket that keeps versions")
      .option("--as-of <time>", "Give back what was there then, as in 2026-05-01T13:45:00Z")
      .option(...DRY_RUN),
  ).action(async (given: RepairUndeleteOptions, command: Command) => {
    const { repairUndeleteCommand } = await import("../commands/repository-repair.ts");
    await repairUndeleteCommand(given, command, context);
  });
}
