/**
 * Gives every snapshot that lacks something a copy that lacks it honestly: files without what is lost of them, folders without the
 * entries that nobody knows any more. For data that cannot be backed up again.
 */
import type { HexId } from "../../base/ids.ts";
import type { CheckFinding } from "../check/check-findings.ts";
import { startCheckThreads } from "../check/check-threads.ts";
import { listStoredPacks } from "../check/stored-packs.ts";
import { serveTrees } from "../check/tree-requests.ts";
import { TreeStretches } from "../check/tree-stretches.ts";
import { packerSettings } from "../blob-packer.ts";
import type { FinishedPack } from "../pack-buffer.ts";
import { encodeIndexFile } from "../index/index-file.ts";
import { keyOfFile } from "../layout.ts";
import { PointRetainer } from "../object-lock/retain-points.ts";
import type { Session } from "../session.ts";
import { saveSnapshot, type StoredSnapshot } from "../snapshots.ts";
import { removeFiles } from "./removal.ts";
import type { RepairOptions, RepairResult } from "./repair-options.ts";
import { type RewriteAnswer, startRepairThread } from "./repair-calls.ts";
import type { RewrittenTree } from "./tree-rewriter.ts";

export interface RepairSnapshotsOptions extends RepairOptions {
  readonly snapshots: readonly StoredSnapshot[];
  /** Removes the originals; and if it is about all snapshots, the files of those that cannot be read. */
  readonly forget: boolean;
}

export interface RepairSnapshotsResult extends RepairResult {
  readonly rewritten: readonly { readonly id: HexId; readonly original: HexId }[];
  readonly removed: readonly HexId[];
}

/** As restic marks them. */
const TAG = "repaired";

/**
 * Believes the index: run it after repairIndex() and repairPacks(), in a session of its own.
 *
 * @param session with an exclusive lock
 */
export async function repairSnapshots(session: Session, options: RepairSnapshotsOptions): Promise<RepairSnapshotsResult> {
  const { dryRun, forget, snapshots } = options;
  const { rewritten: trees, packs } = await rewriteTrees(session, snapshots);
  const damaged = snapshots.flatMap((stored, at) => {
    const tree = trees[at];
    return tree?.count === 0 ? [] : [{ stored, tree }];
  });
  const findings = damaged.map(({ stored, tree }) => finding(stored, tree));
  for (const found of findings) options.report(found);
  const isAboutAll = snapshots.length === session.snapshots.length;
  const unreadable = forget && isAboutAll ? await unreadableSnapshots(session) : [];
  if (dryRun) return { findings, dryRun, rewritten: [], removed: [] };

  await storePacks(session, packs);
  const rewritten: { readonly id: HexId; readonly original: HexId }[] = [];
  const retainer = new PointRetainer(session, { newPacks: new Set(packs.map(({ id }) => id)), report: options.report });
  for (const { stored, tree } of damaged) {
    if (tree !== undefined) rewritten.push({ id: await saveCopy(session, retainer, stored, tree.tree), original: stored.id });
  }
  const outdated = forget ? [...damaged.map(({ stored }) => stored.id), ...unreadable] : [];
  const removed = await removeFiles(session, "snapshots", outdated, options);
  return { findings, dryRun, rewritten, removed };
}

async function rewriteTrees(session: Session, snapshots: readonly StoredSnapshot[]): Promise<RewriteAnswer> {
  const { index, repository, signal } = session;
  await using checkThreads = startCheckThreads(session);
  const [table, stored] = await Promise.all([
    checkThreads.call("table", undefined, { signal }),
    listStoredPacks(repository, index, { signal }),
  ]);
  await using thread = startRepairThread(session);
  using trees = serveTrees(new TreeStretches(session, table, stored), index, signal);
  const packer = packerSettings(repository, "all");
  const roots = snapshots.map(({ snapshot }) => snapshot.tree);
  return await thread.call("rewrite", { roots, packer, trees: trees.port }, { transfer: [trees.port], signal });
}

async function storePacks({ repository, signal, throwIfLost }: Session, packs: readonly FinishedPack[]): Promise<void> {
  if (packs.length === 0) return;
  for (const { id, sha256, buffer, lengthBytes } of packs) {
    throwIfLost();
    await repository.store.put(keyOfFile("data", id), new Uint8Array(buffer, 0, lengthBytes), { sha256, signal });
  }
  throwIfLost();
  await repository.files.save("index", encodeIndexFile(packs), { signal });
}

/** The copy of an earlier run that was stopped is used. */
async function saveCopy(session: Session, retainer: PointRetainer, { id, snapshot }: StoredSnapshot, tree: HexId): Promise<HexId> {
  const before = session.snapshots.find((other) => other.snapshot.original === id && other.snapshot.tree === tree);
  if (before !== undefined) return before.id;
  const tags = [...new Set([...snapshot.tags, TAG])];
  const retained = await retainer.retain({ ...snapshot, tree, tags, original: id });
  session.throwIfLost();
  return saveSnapshot(session.repository, retained, { signal: session.signal });
}

/** Files that the session could not read and that are still there. */
async function unreadableSnapshots({ repository, snapshots, signal }: Session): Promise<readonly HexId[]> {
  const readable = new Set(snapshots.map(({ id }) => id));
  const ids = await Array.fromAsync(repository.files.list("snapshots", { signal }), ({ id }) => id);
  return ids.filter((id) => !readable.has(id));
}

function finding({ id }: StoredSnapshot, tree: RewrittenTree | undefined): CheckFinding {
  const object = `snapshots/${id}`;
  if (tree === undefined) {
    const message = `Cannot repair "${object}": its first folder is lost`;
    return { grade: "critical", code: "snapshot_lost", object, message, touched: [{ snapshot: id, count: 1, paths: ["/"] }] };
  }
  const { count, paths } = tree;
  const message = `Cannot keep all of "${object}": ${count} ${count === 1 ? "path lacks" : "paths lack"} something, as ${paths.slice(0, 3).join(", ")}`;
  return { grade: "critical", code: "snapshot_shortened", object, message, touched: [{ snapshot: id, count, paths }] };
}
