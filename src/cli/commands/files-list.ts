/** `holdfast files list` */
import type { Command } from "commander";
import { listSnapshots, type StoredSnapshot } from "../../repository/snapshots.ts";
import { chooseSnapshots } from "../choose-snapshots.ts";
import type { CommandContext } from "../context.ts";
import { parseCount, readAsOf } from "../numbers.ts";
import { writeResult } from "../output.ts";
import { runOnRepository } from "../repository-run.ts";
import { counted } from "../shown.ts";
import type { AsOfOptions, SnapshotFilterOptions } from "../snapshot-options.ts";
import { snapshotJson, snapshotTable } from "../snapshot-table.ts";

export interface FilesListOptions extends SnapshotFilterOptions, AsOfOptions {
  readonly latest?: string;
}

/** Without a lock: a snapshot is one file. */
export async function filesList(
  names: readonly string[],
  given: FilesListOptions,
  command: Command,
  context: CommandContext,
): Promise<void> {
  const latest = given.latest === undefined ? undefined : parseCount(given.latest, "--latest");
  const asOf = readAsOf(given);
  await runOnRepository(
    command,
    context,
    async ({ repository, cache, report, format }) => {
      const { snapshots, findings } = await listSnapshots(repository, { cache, signal: context.signal });
      for (const finding of findings) report(finding);
      const chosen = chooseSnapshots(snapshots, names, given);
      const shown = latest === undefined ? chosen : newestOfEach(chosen, latest);
      writeResult(context, format, shown.map(snapshotJson), () =>
        shown.length === 0 ? "No snapshots" : `${snapshotTable(shown)}\n${counted(shown.length, "snapshot")}`,
      );
    },
    asOf,
  );
}

/** Of each host and set of paths. */
function newestOfEach(snapshots: readonly StoredSnapshot[], count: number): readonly StoredSnapshot[] {
  const groups = Map.groupBy(snapshots, ({ snapshot }) => JSON.stringify([snapshot.hostname, snapshot.paths.toSorted()]));
  const kept = new Set(Array.from(groups.values(), (group) => group.slice(-count)).flat());
  return snapshots.filter((snapshot) => kept.has(snapshot));
}
