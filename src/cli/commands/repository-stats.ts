/** `holdfast repository stats` */
import type { Command } from "commander";
import { SnapshotTrees } from "../../archive/reading/snapshot-trees.ts";
import { rawData, restoreSize, uniqueContents } from "../../archive/reading/stats.ts";
import { formatBytes } from "../../base/byte-size.ts";
import { chooseSnapshots } from "../choose-snapshots.ts";
import type { CommandContext } from "../context.ts";
import { openReadingSession, runOnRepository, writeSummary } from "../repository-run.ts";
import { counted } from "../shown.ts";
import type { SnapshotFilterOptions } from "../snapshot-options.ts";

export interface RepositoryStatsOptions extends SnapshotFilterOptions {
  readonly mode: "restore-size" | "files-by-contents" | "raw-data";
}

export async function repositoryStats(
  names: readonly string[],
  given: RepositoryStatsOptions,
  command: Command,
  context: CommandContext,
): Promise<void> {
  await runOnRepository(command, context, async (run) => {
    await using session = await openReadingSession(run);
    const chosen = chooseSnapshots(session.snapshots, names, given);
    const tops = chosen.map(({ snapshot }) => snapshot.tree);
    const trees = new SnapshotTrees(session);
    const head = { snapshots: chosen.length, mode: given.mode };
    const of = `in ${counted(chosen.length, "snapshot")}`;
    switch (given.mode) {
      case "restore-size": {
        const size = await restoreSize(trees, tops, run.report);
        writeSummary(run, { ...head, ...size }, () => `${formatBytes(size.bytes)}, ${counted(size.entries, "file")} and folders ${of}`);
        break;
      }
      case "files-by-contents": {
        const contents = await uniqueContents(trees, tops, run.report);
        writeSummary(
          run,
          { ...head, ...contents },
          () => `${formatBytes(contents.bytes)}, ${counted(contents.files, "different file")} ${of}`,
        );
        break;
      }
      case "raw-data": {
        const raw = await rawData(trees, tops, session.index, run.report);
        const ratio = raw.storedBytes === 0 ? 1 : raw.bytes / raw.storedBytes;
        writeSummary(run, { ...head, ...raw, compressionRatio: ratio }, () =>
          [
            `${formatBytes(raw.storedBytes)} stored in ${counted(raw.blobs, "blob")} ${of}`,
            `${formatBytes(raw.bytes)} before compression, ${ratio.toFixed(2)} to 1`,
            ...(raw.missing === 0 ? [] : [`${counted(raw.missing, "blob")} missing`]),
          ].join("\n"),
        );
        break;
      }
    }
  });
}
