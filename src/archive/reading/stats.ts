/** Counts what is in snapshots. A tree that several of them share is read once, where that gives the same. */
import type { ByteString } from "../../base/byte-string.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import { type BlobIndex } from "../../repository/index/blob-index.ts";
import type { ScannedNode } from "../../repository/format/tree/decode.ts";
import { type SnapshotTrees, walkTree } from "./snapshot-trees.ts";

const TOP = "" as ByteString;
const ID_BYTES = 32;

/** Of files as they would be restored: names of one file count once in each snapshot. */
export async function restoreSize(
  trees: SnapshotTrees,
  tops: readonly HexId[],
  report: FindingSink,
): Promise<{ readonly bytes: number; readonly entries: number }> {
  let bytes = 0;
  let entries = 0;
  for (const top of tops) {
    const linked = new Set<string>();
    for await (const { node } of walkTree(trees, top, { path: TOP, report })) {
      entries++;
      if (node.type !== "file") continue;
      if (node.links > 1) {
        const file = `${node.deviceId} ${node.inode}`;
        if (linked.has(file)) continue;
        linked.add(file);
      }
      bytes += node.size;
    }
  }
  return { bytes, entries };
}

/** Of files with different contents, whatever their names. */
export async function uniqueContents(
  trees: SnapshotTrees,
  tops: readonly HexId[],
  report: FindingSink,
): Promise<{ readonly bytes: number; readonly files: number }> {
  const seen = new Set<string>();
  let bytes = 0;
  await visitOnce(trees, tops, report, (node) => {
    if (node.type !== "file") return;
    const content = Buffer.from(node.contentBytes()).toString("latin1");
    if (seen.has(content)) return;
    seen.add(content);
    bytes += node.size;
  });
  return { bytes, files: seen.size };
}

export interface RawData {
  readonly blobs: number;
  /** As stored, sealed and compressed. */
  readonly storedBytes: number;
  readonly bytes: number;
  /** Blobs that snapshots need and the index does not have. */
  readonly missing: number;
}

/** What is stored for the snapshots, each blob once. */
export async function rawData(trees: SnapshotTrees, tops: readonly HexId[], index: BlobIndex, report: FindingSink): Promise<RawData> {
  const entries = new Set<number>();
  let missing = 0;
  const add = (entry: number): void => {
    if (entry < 0) missing++;
    else entries.add(entry);
  };
  for (const top of tops) add(index.findHex("tree", top));
  await visitOnce(trees, tops, report, (node) => {
    if (node.subtree !== undefined) add(index.findHex("tree", node.subtree));
    const content = node.contentBytes();
    for (let at = 0; at < content.length; at += ID_BYTES) add(index.find("data", content, at));
  });
  let storedBytes = 0;
  let bytes = 0;
  for (const entry of entries) {
    const length = index.lengthOf(entry);
    storedBytes += length;
    bytes += index.uncompressedLengthOf(entry) || length;
  }
  return { blobs: entries.size, storedBytes, bytes, missing };
}

/** Each tree once, wherever it lies. */
async function visitOnce(
  trees: SnapshotTrees,
  tops: readonly HexId[],
  report: FindingSink,
  visit: (node: ScannedNode) => void,
): Promise<void> {
  const seen = new Set<HexId>();
  for (const top of tops) {
    if (seen.has(top)) continue;
    seen.add(top);
    let isNew = true;
    const enter = (): boolean => isNew;
    for await (const { node } of walkTree(trees, top, { path: TOP, enter, report })) {
      const { subtree } = node;
      isNew = subtree !== undefined && !seen.has(subtree);
      if (subtree !== undefined) seen.add(subtree);
      visit(node);
    }
  }
}
