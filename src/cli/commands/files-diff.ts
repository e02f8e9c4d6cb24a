/** `holdfast files diff` */
import type { Command } from "commander";
import { type Change, type ChangeKind, compareTrees } from "../../archive/reading/compare.ts";
import { findPlace, parseSnapshotPath, requireFolder } from "../../archive/reading/snapshot-path.ts";
import { SnapshotTrees } from "../../archive/reading/snapshot-trees.ts";
import { displayText } from "../../base/byte-string.ts";
import { formatBytes } from "../../base/byte-size.ts";
import { findSnapshot } from "../../repository/snapshots.ts";
import type { HexId } from "../../base/ids.ts";
import type { Session } from "../../repository/session.ts";
import type { CommandContext } from "../context.ts";
import { openReadingSession, runOnRepository } from "../repository-run.ts";
import { counted } from "../shown.ts";
import { ResultStream } from "../text-stream.ts";

export interface FilesDiffOptions {
  readonly metadata?: boolean;
}

/** restic's letters. */
const LETTERS: Readonly<Record<ChangeKind, string>> = { added: "+", removed: "-", content: "M", type: "T", metadata: "U" };

export async function filesDiff(
  before: string,
  after: string,
  { metadata = false }: FilesDiffOptions,
  command: Command,
  context: CommandContext,
): Promise<void> {
  await runOnRepository(command, context, async (run) => {
    await using session = await openReadingSession(run);
    const trees = new SnapshotTrees(session);
    const [old, now] = await Promise.all([before, after].map((place) => treeAt(session, trees, place)));
    if (old === undefined || now === undefined) return;
    const totals = new Totals();
    await using output = new ResultStream(context);
    for await (const change of compareTrees(trees, old, now, run.report)) {
      if (change.kind === "metadata" && !metadata) continue;
      totals.add(change);
      const path = displayText(change.path) + (change.type === "dir" ? "/" : "");
      const { kind, type, size, sizeBefore } = change;
      await output.line(
        run.format === "json" ? JSON.stringify({ change: { kind, path, type, size, sizeBefore } }) : `${LETTERS[kind]} ${path}`,
      );
    }
    await output.line(run.format === "json" ? JSON.stringify({ summary: totals.json }) : totals.text);
  });
}

async function treeAt({ snapshots }: Session, trees: SnapshotTrees, place: string): Promise<HexId> {
  const { snapshot, path } = parseSnapshotPath(place);
  return requireFolder(await findPlace(trees, findSnapshot(snapshots, snapshot), path), path);
}

class Totals {
  readonly json: Record<ChangeKind, number> & { bytesAdded: number; bytesRemoved: number } = {
    added: 0,
    removed: 0,
    content: 0,
    type: 0,
    metadata: 0,
    bytesAdded: 0,
    bytesRemoved: 0,
  };

  add({ kind, size, sizeBefore }: Change): void {
    this.json[kind]++;
    if (kind === "metadata") return;
    this.json.bytesAdded += size;
    this.json.bytesRemoved += sizeBefore;
  }

  /** The bytes of files that differ, whole. */
  get text(): string {
    const { added, removed, content, type, metadata, bytesAdded, bytesRemoved } = this.json;
    const changed = content + type + metadata;
    return [
      `${counted(added, "path")} added, ${counted(removed, "path")} removed, ${counted(changed, "path")} changed`,
      `${formatBytes(bytesAdded)} in files that are new or changed, ${formatBytes(bytesRemoved)} in what they replace`,
    ].join("\n");
  }
}
