/** `holdfast files find` */
import type { Command } from "commander";
import { compilePatterns } from "../../archive/path-pattern.ts";
import { Finder } from "../../archive/reading/find.ts";
import { nodeJsonFields } from "../../archive/reading/node-text.ts";
import { SnapshotTrees } from "../../archive/reading/snapshot-trees.ts";
import { byteStringOf } from "../../base/byte-string.ts";
import { chooseSnapshots } from "../choose-snapshots.ts";
import type { CommandContext } from "../context.ts";
import { nodeLine } from "../node-line.ts";
import { parseMoment, readAsOf } from "../numbers.ts";
import { openReadingSession, runOnRepository } from "../repository-run.ts";
import { localTime, shortId } from "../shown.ts";
import type { AsOfOptions, SnapshotFilterOptions } from "../snapshot-options.ts";
import { ResultStream } from "../text-stream.ts";

export interface FilesFindOptions extends SnapshotFilterOptions, AsOfOptions {
  readonly snapshot: readonly string[];
  readonly ignoreCase?: boolean;
  readonly long?: boolean;
  readonly newer?: string;
  readonly older?: string;
}

const NS_PER_MS = 1_000_000n;

export async function filesFind(
  patterns: readonly string[],
  given: FilesFindOptions,
  command: Command,
  context: CommandContext,
): Promise<void> {
  const compiled = compilePatterns(patterns.map(byteStringOf), { ignoreCase: given.ignoreCase });
  const fromNs = given.newer === undefined ? undefined : BigInt(parseMoment(given.newer, "--newer")) * NS_PER_MS;
  const toNs = given.older === undefined ? undefined : BigInt(parseMoment(given.older, "--older")) * NS_PER_MS;
  const asOf = readAsOf(given);
  await runOnRepository(
    command,
    context,
    async (run) => {
      await using session = await openReadingSession(run);
      const finder = new Finder(new SnapshotTrees(session), {
        patterns: compiled,
        accepts: ({ mtimeNs }) => (fromNs === undefined || mtimeNs >= fromNs) && (toNs === undefined || mtimeNs <= toNs),
        report: run.report,
      });
      await using output = new ResultStream(context);
      for (const { id, snapshot } of chooseSnapshots(session.snapshots, given.snapshot, given).toReversed()) {
        let isFirst = true;
        for await (const { path, node } of finder.find(snapshot.tree)) {
          if (run.format === "json") {
            await output.line(JSON.stringify({ snapshot: id, time: snapshot.time.text, ...nodeJsonFields(path, node.decode()) }));
            continue;
          }
          if (isFirst) await output.line(`Snapshot ${shortId(id)} of ${localTime(snapshot.time.epochMs)}`);
          isFirst = false;
          await output.line(`  ${nodeLine(path, node.decode(), given.long ?? false)}`);
        }
      }
    },
    asOf,
  );
}
