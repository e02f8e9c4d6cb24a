/** `holdfast repository retention …` */
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { addRepositoryOptions } from "../repository-options.ts";
import { addSnapshotFilter, type SnapshotFilterOptions } from "../snapshot-options.ts";

export function addRetention(repository: Command, context: CommandContext): void {
  const retention = repository
    .command("retention")
    .helpCommand(false)
    .description("Say how long what is added is under Object Lock, so that nobody can delete it, whatever credentials he has");
  addRepositoryOptions(retention.command("show").description("Show the retention")).action(async (_given: unknown, command: Command) => {
    const { retentionShow } = await import("../commands/repository-retention.ts");
    await retentionShow(command, context);
  });
  const set = retention
    .command("set")
    .argument("<duration>", 'As 30d; "none" for no Object Lock')
    .description("Set the retention for what everybody adds from now on; what is stored already is never shortened");
  addRepositoryOptions(set).action(async (duration: string, _given: unknown, command: Command) => {
    const { retentionSet } = await import("../commands/repository-retention.ts");
    await retentionSet(duration, command, context);
  });
  const extend = retention
    .command("extend")
    .argument("[snapshot...]", 'Ids or "latest"; all without any')
    .description("Put all that snapshots need under Object Lock for as long as if they were made now");
  addRepositoryOptions(addSnapshotFilter(extend)).action(
    async (names: readonly string[], given: SnapshotFilterOptions, command: Command) => {
      const { retentionExtend } = await import("../commands/repository-retention.ts");
      await retentionExtend(names, given, command, context);
    },
  );
}
