/** Decides what a prune will do, and changes nothing. */
import type { Clock } from "../../base/clock.ts";
import { DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { ProgressSink } from "../../base/progress.ts";
import { SEAL_OVERHEAD } from "../format/cipher.ts";
import { MAX_PACK_ENTRY_BYTES, PACK_TRAILER_BYTES } from "../format/pack-header.ts";
import type { BlobIndex } from "../index/blob-index.ts";
import { listMarks, type Mark, type MarkedPack } from "../marks.ts";
import { type FileInfo, listFiles } from "../sealed-files.ts";
import type { Session } from "../session.ts";
import type { PackCounts } from "./count-packs.ts";
import type { CountThreadData } from "./count-thread.ts";
import { decidePacks, type PackFate, type PackUse, type RewriteOptions } from "./decide.ts";
import { EntrySet, entryLimit } from "./entry-set.ts";
import { findUsed } from "./find-used.ts";
import { BLOBS_PER_INDEX_FILE } from "./index-files.ts";
import { PRUNE_MARGINS } from "./margins.ts";
import { putBack } from "./put-back.ts";
import { readResumeRoots } from "./resume-roots.ts";
import { CalledThread } from "./thread-calls.ts";

export interface PruneOptions extends RewriteOptions {
  /** How old a mark must be for its packs to be deleted. @default PRUNE_MARGINS.graceMs */
  readonly graceMs?: number | undefined;
  readonly clock: Clock;
  readonly report: FindingSink;
  readonly progress: ProgressSink;
}

export interface PackTotal {
  readonly packs: number;
  readonly bytes: number;
}

/** What can be shown of a plan, and in `work` what executePrune() goes by. */
export interface PrunePlan {
  readonly keep: PackTotal;
  /** Packs of which the used part moves into new ones; they are marked too. */
  readonly rewrite: PackTotal & { readonly usedBytes: number };
  /** Packs of the index that nothing needs: they are marked. */
  readonly drop: PackTotal;
  /** Packs that no index names, left by runs that were killed: they are marked. */
  readonly unindexed: PackTotal;
  /** Packs with a mark that is old enough: they are deleted. */
  readonly delete: PackTotal;
  /** Packs whose mark is too young. */
  readonly wait: PackTotal;
  /** Packs that were marked and are needed: they go back into the index. */
  readonly putBack: readonly HexId[];
  /** What stays unused in packs that stay. */
  readonly unusedBytesAfter: number;
  readonly rewritesIndex: boolean;
  readonly work: PruneWork;
}

export interface PruneWork {
  readonly used: EntrySet;
  /** By number of pack. */
  readonly fates: readonly (PackFate | undefined)[];
  readonly compress: boolean;
  readonly graceMs: number;
  readonly toMark: readonly MarkedPack[];
  readonly toDelete: readonly MarkedPack[];
  /** Marks and resume records that have done their work. */
  readonly outdatedMarks: readonly HexId[];
  readonly outdatedResume: readonly HexId[];
}

/** The index is written anew if it has more files than twice the number it needs, and these. */
const SPARE_INDEX_FILES = 10;

/**
 * @param session with an exclusive lock if the plan is to be executed. Packs that are put back are added to its index
 * @throws {DomainError} corrupt/index_damaged, corrupt/snapshots_damaged, corrupt/blobs_missing, corrupt/packs_missing,
 *   corrupt/pack_size, or what a damaged tree is refused with: what is needed is not known for sure, so nothing may be removed
 * @throws {DomainError} unsupported/compression: repackUncompressed in a repository of version 1
 */
export async function planPrune(session: Session, options: PruneOptions): Promise<PrunePlan> {
  const { repository, signal } = session;
  const { clock, report, graceMs = PRUNE_MARGINS.graceMs, repackUncompressed: compress = false } = options;
  if (compress && repository.config.version === 1) throw noCompression();
  if (!session.isIndexWhole) throw indexDamaged();
  const nowMs = clock.now();
  const [snapshotTrees, packs, { marks, findings }, resume] = await Promise.all([
    treesOfSnapshots(session),
    listPacks(session),
    listMarks(repository.files, { signal }),
    readResumeRoots(repository.files, nowMs - PRUNE_MARGINS.resumeMs, { signal }),
  ]);
  for (const finding of findings) report(finding);
  const { used, restored } = await findAllUsed(session, { snapshotTrees, marks, packs, progress: options.progress });
  await findUsed(resume.trees, used, { ...session, progress: options.progress });

  const counts = await count(session.index, used);
  const uses = Array.from(session.index.packs(), (pack) => useOf(session.index, pack, counts));
  assertWhole(uses, packs);
  const fateOf = decidePacks(uses, options);
  const fates: (PackFate | undefined)[] = [];
  for (const [{ pack }, fate] of fateOf) fates[pack] = fate;

  const indexed = new Set(uses.map(({ id }) => id));
  const outside = [...packs.values()]
    .filter(({ id }) => !indexed.has(id))
    .map(({ id, sizeBytes: bytes, modifiedMs }) => ({ id, bytes, modifiedMs }));
  const markedMs = timesOfMarks(marks);
  const isDue = ({ id }: MarkedPack): boolean => (markedMs.get(id) ?? Infinity) <= nowMs - graceMs;
  const marked = outside.filter(({ id }) => markedMs.has(id));
  const toDelete = marked.filter(isDue);
  const unindexed = outside.filter(({ id, modifiedMs }) => !markedMs.has(id) && modifiedMs <= nowMs - PRUNE_MARGINS.unindexedMs);
  const withFate = (fate: PackFate): readonly IndexedUse[] => uses.filter((use) => fateOf.get(use) === fate);
  // What is gone already only leaves the index.
  const there = (all: readonly IndexedUse[]): MarkedPack[] =>
    all.flatMap(({ id }) => (packs.has(id) ? [{ id, bytes: packs.get(id)?.sizeBytes ?? 0 }] : []));
  const [kept, rewritten, dropped] = [withFate("keep"), withFate("rewrite"), withFate("drop")];
  const keepMarksMs = Math.max(graceMs, PRUNE_MARGINS.graceMs);
  return {
    keep: totalOf(there(kept)),
    rewrite: { ...totalOf(there(rewritten)), usedBytes: rewritten.reduce((sum, { usedBytes }) => sum + usedBytes, 0) },
    drop: totalOf(there(dropped)),
    unindexed: totalOf(unindexed),
    delete: totalOf(toDelete),
    wait: totalOf(marked.filter((pack) => !isDue(pack))),
    putBack: restored,
    unusedBytesAfter: kept.reduce((sum, { unusedBytes }) => sum + unusedBytes, 0),
    rewritesIndex: restored.length > 0 || kept.length < uses.length || hasManyFiles(session),
    work: {
      used,
      fates,
      compress,
      graceMs,
      toMark: [...there(rewritten), ...there(dropped), ...unindexed.map(({ id, bytes }) => ({ id, bytes }))],
      toDelete,
      outdatedMarks: marks.filter(({ timeMs }) => timeMs <= nowMs - keepMarksMs).map(({ id }) => id),
      outdatedResume: resume.outdated,
    },
  };
}

interface IndexedUse extends PackUse {
  readonly pack: number;
  readonly id: HexId;
  /** What its file should have. */
  readonly fileBytes: number;
}

type Packs = ReadonlyMap<HexId, FileInfo>;

/** Of the snapshots that are there now: some may have been forgotten since the session began. */
async function treesOfSnapshots({ repository, snapshots, signal }: Session): Promise<readonly HexId[]> {
  const trees = new Map(snapshots.map(({ id, snapshot }) => [id, snapshot.tree]));
  const listed = await Array.fromAsync(repository.files.list("snapshots", { signal }), ({ id }) => id);
  const unread = listed.filter((id) => !trees.has(id));
  if (unread.length > 0) throw snapshotsDamaged(unread);
  return listed.flatMap((id) => trees.get(id) ?? []);
}

async function listPacks({ repository, signal }: Session): Promise<Packs> {
  const infos = await Array.fromAsync(listFiles(repository.store, "data", { signal }));
  return new Map(infos.map((info) => [info.id, info]));
}

interface UsedContext {
  readonly snapshotTrees: readonly HexId[];
  readonly marks: readonly Mark[];
  readonly packs: Packs;
  readonly progress: ProgressSink;
}

/** Looks into marked packs for what no index names. A pack that is put back may hold trees that need others. */
async function findAllUsed(
  session: Session,
  { snapshotTrees, marks, packs, progress }: UsedContext,
): Promise<{ readonly used: EntrySet; readonly restored: readonly HexId[] }> {
  const { index, repository, signal } = session;
  const restored: HexId[] = [];
  for (;;) {
    const used = EntrySet.create(entryLimit(index));
    const missing = await findUsed(snapshotTrees, used, { repository, index, cache: session.cache, signal, progress });
    if (missing.size === 0) return { used, restored };
    const candidates = new Set(marks.flatMap((mark) => mark.packs.map(({ id }) => id))).difference(new Set(restored));
    const there = [...candidates].flatMap((id) => packs.get(id) ?? []).map(({ id, sizeBytes }) => ({ id, bytes: sizeBytes }));
    const added = await putBack({ repository, index }, there, missing, { signal });
    if (added.length === 0) throw blobsMissing(missing);
    restored.push(...added);
  }
}

async function count(index: BlobIndex, used: EntrySet): Promise<PackCounts> {
  const data: CountThreadData = { index: index.shared, used: used.shared };
  await using thread = new CalledThread<"count", PackCounts>(new URL("count-thread.ts", import.meta.url), data);
  return await thread.call("count");
}

const UNCOMPRESSED_ENTRY_BYTES = MAX_PACK_ENTRY_BYTES - 4;

function useOf(index: BlobIndex, pack: number, counts: PackCounts): IndexedUse {
  const at = (values: Int32Array | Float64Array): number => values[pack] ?? 0;
  const [usedBlobs, unusedBlobs, usedBytes, unusedBytes] = [counts.usedBlobs, counts.unusedBlobs, counts.usedBytes, counts.unusedBytes].map(
    at,
  ) as [number, number, number, number];
  const blobs = usedBlobs + unusedBlobs;
  const compressed = at(counts.compressedBlobs);
  const trees = at(counts.treeBlobs);
  const headerBytes = compressed * MAX_PACK_ENTRY_BYTES + (blobs - compressed) * UNCOMPRESSED_ENTRY_BYTES;
  return {
    pack,
    id: index.packId(pack),
    type: trees === 0 ? "data" : trees === blobs ? "tree" : "mixed",
    usedBlobs,
    usedBytes,
    unusedBlobs,
    unusedBytes,
    hasUncompressed: compressed < blobs,
    fileBytes: usedBytes + unusedBytes + headerBytes + SEAL_OVERHEAD + PACK_TRAILER_BYTES,
  };
}

function assertWhole(uses: readonly IndexedUse[], packs: Packs): void {
  const needed = uses.filter(({ usedBlobs }) => usedBlobs > 0);
  const missing = needed.filter(({ id }) => !packs.has(id)).map(({ id }) => id);
  if (missing.length > 0) throw packsMissing(missing);
  const odd = needed.find(({ id, fileBytes }) => packs.get(id)?.sizeBytes !== fileBytes);
  if (odd !== undefined) throw packSize(odd, packs.get(odd.id)?.sizeBytes ?? 0);
}

/** By pack, of the youngest mark that names it. */
function timesOfMarks(marks: readonly Mark[]): ReadonlyMap<HexId, number> {
  const times = new Map<HexId, number>();
  for (const { timeMs, packs } of marks) for (const { id } of packs) times.set(id, Math.max(timeMs, times.get(id) ?? 0));
  return times;
}

function hasManyFiles({ index, indexFiles }: Session): boolean {
  return indexFiles.size > 2 * Math.ceil(index.size / BLOBS_PER_INDEX_FILE) + SPARE_INDEX_FILES;
}

export function totalOf(packs: readonly MarkedPack[]): PackTotal {
  return { packs: packs.length, bytes: packs.reduce((sum, { bytes }) => sum + bytes, 0) };
}

const NAMED = 10;
const REPAIR = 'Nothing was removed. Run "holdfast repository check" to see what is damaged, then "holdfast repository repair"';

function noCompression(): DomainError {
  return new DomainError("unsupported", "compression", "Cannot compress data: the repository has version 1 of the format", {
    hint: 'Run "holdfast repository migrate" first',
  });
}

function indexDamaged(): DomainError {
  return new DomainError("corrupt", "index_damaged", "Cannot prune: a part of the index cannot be read", { hint: REPAIR });
}

function snapshotsDamaged(ids: readonly HexId[]): DomainError {
  return new DomainError("corrupt", "snapshots_damaged", `Cannot prune: ${ids.length} snapshots cannot be read`, {
    details: { snapshots: ids.slice(0, NAMED) },
    hint: REPAIR,
  });
}

function blobsMissing(missing: ReadonlySet<string>): DomainError {
  return new DomainError("corrupt", "blobs_missing", `Cannot prune: snapshots need ${missing.size} blobs that no index names`, {
    details: { blobs: [...missing].slice(0, NAMED) },
    hint: REPAIR,
  });
}

function packsMissing(ids: readonly HexId[]): DomainError {
  return new DomainError("corrupt", "packs_missing", `Cannot prune: ${ids.length} packs are missing that snapshots need`, {
    details: { packs: ids.slice(0, NAMED) },
    hint: REPAIR,
  });
}

function packSize({ id, fileBytes }: IndexedUse, sizeBytes: number): DomainError {
  const state = `pack "${id}" has ${sizeBytes} bytes, by the index it should have ${fileBytes}`;
  return new DomainError("corrupt", "pack_size", `Cannot prune: ${state}`, { details: { pack: id }, hint: REPAIR });
}
