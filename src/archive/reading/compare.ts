/** What differs between two trees. Folders that are the same are not looked into. */
import type { ByteString } from "../../base/byte-string.ts";
import { DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import { REPOSITORY_LIMITS } from "../../repository/format/limits.ts";
import type { ScannedNode, TreeScanner } from "../../repository/format/tree/decode.ts";
import type { NodeType } from "../../repository/format/tree/node.ts";
import { EndCheck } from "./end-check.ts";
import { reportDamage, type SnapshotTrees, tooDeep, walkTree } from "./snapshot-trees.ts";

/** `content` of a file, the target of a link or the number of a device; `metadata`: owner, mode, times, attributes. */
export type ChangeKind = "added" | "removed" | "content" | "type" | "metadata";

export interface Change {
  readonly kind: ChangeKind;
  /** Below both trees. */
  readonly path: ByteString;
  /** Of what is there now, or was if it was removed. */
  readonly type: NodeType;
  /** Bytes of a file now; 0 for what was removed. */
  readonly size: number;
  /** Before; 0 for what was added. */
  readonly sizeBefore: number;
}

/**
 * In the order of the paths, each folder before its contents; what is added or removed with all that is in it.
 *
 * @throws {DomainError} corrupt/tree_order, corrupt/snapshot_endless
 */
export async function* compareTrees(
  trees: SnapshotTrees,
  before: HexId,
  after: HexId,
  report: FindingSink,
): AsyncGenerator<Change, void, undefined> {
  yield* compareFolders({ trees, report, ends: new EndCheck(trees, [before, after]) }, before, after, "" as ByteString, 0);
}

interface Comparison {
  readonly trees: SnapshotTrees;
  readonly report: FindingSink;
  readonly ends: EndCheck;
}

async function* compareFolders(
  comparison: Comparison,
  before: HexId,
  after: HexId,
  path: ByteString,
  depth: number,
): AsyncGenerator<Change, void, undefined> {
  if (before === after) return;
  await comparison.ends.pass();
  const scanners = await openBoth(comparison, before, after, path, depth);
  if (scanners === undefined) return;
  const [left, right] = scanners;
  let old = left.next();
  let now = right.next();
  while (old !== undefined || now !== undefined) {
    requireOrder(left, right);
    if (now === undefined || (old !== undefined && old.name < now.name)) {
      if (old !== undefined) yield* wholeNode(comparison, "removed", old, path);
      old = left.next();
    } else if (old === undefined || now.name < old.name) {
      yield* wholeNode(comparison, "added", now, path);
      now = right.next();
    } else {
      yield* compareNodes(comparison, old, now, path, depth);
      old = left.next();
      now = right.next();
    }
  }
}

async function openBoth(
  { trees, report }: Comparison,
  before: HexId,
  after: HexId,
  path: ByteString,
  depth: number,
): Promise<readonly [TreeScanner, TreeScanner] | undefined> {
  try {
    if (depth > REPOSITORY_LIMITS.treeDepth) throw tooDeep();
    return await Promise.all([trees.scan(before), trees.scan(after)]);
  } catch (error) {
    reportDamage(path, error, report);
    return undefined;
  }
}

function requireOrder(left: TreeScanner, right: TreeScanner): void {
  if (left.ordered && right.ordered) return;
  throw new DomainError("corrupt", "tree_order", "Cannot compare: the names of a folder are not in order");
}

async function* wholeNode(
  comparison: Comparison,
  kind: WholeKind,
  node: ScannedNode,
  folder: ByteString,
): AsyncGenerator<Change, void, undefined> {
  const path = `${folder}/${node.name}` as ByteString;
  const subtree = node.type === "dir" ? node.subtree : undefined;
  yield wholeChange(kind, path, node);
  if (subtree !== undefined) yield* belowFolder(comparison, kind, subtree, path);
}

async function* belowFolder(
  { trees, report, ends }: Comparison,
  kind: WholeKind,
  tree: HexId,
  top: ByteString,
): AsyncGenerator<Change, void, undefined> {
  for await (const { path, node } of walkTree(trees, tree, { path: top, report, ends })) yield wholeChange(kind, path, node);
}

type WholeKind = "added" | "removed";

function wholeChange(kind: WholeKind, path: ByteString, { type, size }: ScannedNode): Change {
  return { kind, path, type, size: kind === "added" ? size : 0, sizeBefore: kind === "added" ? 0 : size };
}

async function* compareNodes(
  comparison: Comparison,
  old: ScannedNode,
  now: ScannedNode,
  folder: ByteString,
  depth: number,
): AsyncGenerator<Change, void, undefined> {
  if (Buffer.compare(old.raw, now.raw) === 0) return;
  const path = `${folder}/${now.name}` as ByteString;
  const kind = changeOf(old, now);
  const [before, after] = [old.subtree, now.subtree];
  const { type } = now;
  if (kind !== undefined) yield { kind, path, type, size: now.size, sizeBefore: old.size };
  if (kind === "type") {
    if (before !== undefined) yield* belowFolder(comparison, "removed", before, path);
    if (after !== undefined) yield* belowFolder(comparison, "added", after, path);
  } else if (before !== undefined && after !== undefined) yield* compareFolders(comparison, before, after, path, depth + 1);
}

/** Undefined: only what is in a folder differs, or what a backup notes for itself, such as inode numbers. */
function changeOf(old: ScannedNode, now: ScannedNode): ChangeKind | undefined {
  if (old.type !== now.type) return "type";
  const [before, after] = [old.decode(), now.decode()];
  if (
    before.linkTarget !== after.linkTarget ||
    before.device !== after.device ||
    Buffer.compare(old.contentBytes(), now.contentBytes()) !== 0
  ) {
    return "content";
  }
  const isSame =
    before.mode === after.mode &&
    before.uid === after.uid &&
    before.gid === after.gid &&
    before.mtimeNs === after.mtimeNs &&
    before.xattrs.length === after.xattrs.length &&
    before.xattrs.every(({ name, value }, at) => {
      const other = after.xattrs[at];
      return other?.name === name && Buffer.compare(other.value, value) === 0;
    });
  return isSame ? undefined : "metadata";
}
