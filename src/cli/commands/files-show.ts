/** `holdfast files show` */
import type { Command } from "commander";
import type { ByteString } from "../../base/byte-string.ts";
import { nodeJsonFields } from "../../archive/reading/node-text.ts";
import { findPlace, parseSnapshotPath } from "../../archive/reading/snapshot-path.ts";
import { SnapshotTrees, walkTree } from "../../archive/reading/snapshot-trees.ts";
import type { Node } from "../../repository/format/tree/node.ts";
import { chooseSnapshot } from "../choose-snapshots.ts";
import type { CommandContext } from "../context.ts";
import { nodeLine } from "../node-line.ts";
import { readAsOf } from "../numbers.ts";
import { openReadingSession, runOnRepository } from "../repository-run.ts";
import type { AsOfOptions, SnapshotFilterOptions } from "../snapshot-options.ts";
import { ResultStream } from "../text-stream.ts";

export interface FilesShowOptions extends SnapshotFilterOptions, AsOfOptions {
  readonly long?: boolean;
  readonly recursive?: boolean;
}

export async function filesShow(place: string, given: FilesShowOptions, command: Command, context: CommandContext): Promise<void> {
  const { snapshot: name, path } = parseSnapshotPath(place);
  const asOf = readAsOf(given);
  await runOnRepository(
    command,
    context,
    async (run) => {
      await using session = await openReadingSession(run);
      const trees = new SnapshotTrees(session);
      const found = await findPlace(trees, chooseSnapshot(session.snapshots, name, given), path);
      await using output = new ResultStream(context);
      const show = async (at: ByteString, node: Node): Promise<void> =>
        output.line(run.format === "json" ? JSON.stringify(nodeJsonFields(at, node)) : nodeLine(at, node, given.long ?? false));
      if (found.tree === undefined) {
        if (found.node !== undefined) await show(found.path, found.node);
        return;
      }
      const enter = (): boolean => given.recursive ?? false;
      for await (const { path: at, node } of walkTree(trees, found.tree, { path: found.path, enter, report: run.report })) {
        await show(at, node.decode());
      }
    },
    asOf,
  );
}
