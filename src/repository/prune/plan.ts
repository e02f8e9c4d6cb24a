/** Decides what a prune will do, and changes nothing. */
import type { Clock } from "../../base/clock.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { BlobIndex } from "../index/blob-index.ts";
import { listMarks, type Mark, type MarkedPack } from "../marks.ts";
import { listResumeRecords } from "../resume-records.ts";
import { listFiles } from "../sealed-files.ts";
import { findHeldIndex } from "../object-lock/held-index.ts";
import { ledgerOf } from "../object-lock/ledger.ts";
import type { Session } from "../session.ts";
import { decidePacks, type PackFate, type RewriteOptions } from "./decide.ts";
import { EntrySet, entryLimit } from "../index/entry-set.ts";
import { findUsed } from "./find-used.ts";
import { BLOBS_PER_INDEX_FILE } from "./index-files.ts";
import { PRUNE_MARGINS } from "./margins.ts";
import { assertWhole, type IndexedUse, type Packs, packUses } from "./pack-uses.ts";
import { putBack } from "./put-back.ts";
import { blobsMissing, indexChanged, indexDamaged, noCompression, snapshotsDamaged } from "./refusals.ts";

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
  /** Of those that are kept, packs that nothing needs and that Object Lock keeps in the index; when all of them can go, if there are any. */
  readonly locked: PackTotal & { readonly untilMs: number | undefined };
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
  /** Notes of runs whose snapshots are gone. */
  readonly outdatedLedgers: readonly HexId[];
  /** To be replaced if the index is written anew. */
  readonly indexFiles: readonly HexId[];
}

/** The index is written anew if it has more files than twice the number it needs, and these. */
const SPARE_INDEX_FILES = 10;

/**
 * @param session with an exclusive lock if the plan is to be executed. Packs that are put back are added to its index
 * @throws {DomainError} corrupt/index_damaged, corrupt/snapshots_damaged, corrupt/blobs_missing, corrupt/packs_missing,
 *   corrupt/pack_size, or what a damaged tree is refused with: what is needed is not known for sure, so nothing may be removed
 * @throws {DomainError} conflict/index_changed: somebody has added to it since the session began, which a lock prevents
 * @throws {DomainError} unsupported/compression: repackUncompressed in a repository of version 1
 */
export async function planPrune(session: Session, options: PruneOptions): Promise<PrunePlan> {
  const { repository, signal } = session;
  const { clock, report, graceMs = PRUNE_MARGINS.graceMs, repackUncompressed: compress = false } = options;
  if (compress && repository.config.version === 1) throw noCompression();
  if (!session.isIndexWhole) throw indexDamaged();
  await assertIndexCurrent(session);
  const nowMs = clock.now();
  const [snapshotTrees, packs, { marks, damaged }, resume, pinned, outdatedLedgers] = await Promise.all([
    treesOfSnapshots(session),
    listPacks(session),
    listMarks(repository.files, { signal }),
    listResumeRecords(repository.files, nowMs - PRUNE_MARGINS.resumeMs, { signal }),
    findHeldIndex(session, nowMs),
    findOutdatedLedgers(session, nowMs - PRUNE_MARGINS.unindexedMs),
  ]);
  for (const finding of [...damaged.map((mark) => mark.finding), ...resume.findings]) report(finding);
  const { used, restored } = await findAllUsed(session, { snapshotTrees, marks, packs, progress: options.progress });
  // What is missing of these is stored again by the run that goes on from them.
  await findUsed(
    resume.records.map(({ tree }) => tree),
    used,
    { ...session, progress: options.progress },
  );

  const uses = await packUses(session.index, used, signal);
  assertWhole(uses, packs);
  const fateOf = decideAll(uses, pinned.packs, options);
  const fates: (PackFate | undefined)[] = [];
  for (const [{ pack }, fate] of fateOf) fates[pack] = fate;

  const outside = packsOutside(new Set(uses.map(({ id }) => id)), packs, { marks, nowMs, graceMs });
  const withFate = (fate: PackFate): readonly IndexedUse[] => uses.filter((use) => fateOf.get(use) === fate);
  // What is gone already only leaves the index.
  const there = (all: readonly IndexedUse[]): MarkedPack[] =>
    all.flatMap(({ id }) => (packs.has(id) ? [{ id, bytes: packs.get(id)?.sizeBytes ?? 0 }] : []));
  const [kept, rewritten, dropped] = [withFate("keep"), withFate("rewrite"), withFate("drop")];
  const locked = kept.filter(({ usedBlobs }) => usedBlobs === 0);
  const indexFiles = session.indexFiles.difference(pinned.files);
  const keepMarksMs = Math.max(graceMs, PRUNE_MARGINS.graceMs);
  return {
    keep: totalOf(there(kept)),
    rewrite: { ...totalOf(there(rewritten)), usedBytes: rewritten.reduce((sum, { usedBytes }) => sum + usedBytes, 0) },
    drop: totalOf(there(dropped)),
    locked: { ...totalOf(there(locked)), untilMs: latest(locked.map(({ id }) => pinned.packs.get(id))) },
    unindexed: totalOf(outside.unindexed),
    delete: totalOf(outside.due),
    wait: totalOf(outside.waiting),
    putBack: restored,
    unusedBytesAfter: kept.reduce((sum, { unusedBytes }) => sum + unusedBytes, 0),
    rewritesIndex: restored.length > 0 || kept.length < uses.length || hasManyFiles(indexFiles, session.index),
    work: {
      used,
      fates,
      compress,
      graceMs,
      toMark: [...there(rewritten), ...there(dropped), ...outside.unindexed],
      toDelete: outside.due,
      // What a damaged one named is in no index and in no mark.
      outdatedMarks: [...marks.filter(({ timeMs }) => timeMs <= nowMs - keepMarksMs), ...damaged].map(({ id }) => id),
      outdatedResume: resume.outdated,
      outdatedLedgers,
      indexFiles: [...indexFiles],
    },
  };
}

/** A pack that only newer index files name would be taken for one that none does. */
async function assertIndexCurrent({ repository, indexFiles, signal }: Session): Promise<void> {
  for await (const { id } of repository.files.list("index", { signal })) if (!indexFiles.has(id)) throw indexChanged();
}

/** Of the snapshots that are there now: some may have been forgotten since the session began. */
async function treesOfSnapshots({ repository, snapshots, signal }: Session): Promise<readonly HexId[]> {
  const trees = new Map(snapshots.map(({ id, snapshot }) => [id, snapshot.tree]));
  const listed = await Array.fromAsync(repository.files.list("snapshots", { signal }), ({ id }) => id);
  const unread = listed.filter((id) => !trees.has(id));
  if (unread.length > 0) throw snapshotsDamaged(unread);
  return listed.flatMap((id) => trees.get(id) ?? []);
}

/** A run may be about to write its snapshot: young ones stay. */
async function findOutdatedLedgers({ repository, snapshots, signal }: Session, beforeMs: number): Promise<readonly HexId[]> {
  const noted = new Set(snapshots.map(({ snapshot }) => ledgerOf(snapshot)));
  const listed = await Array.fromAsync(repository.files.list("ledger", { signal }));
  return listed.filter(({ id, modifiedMs }) => !noted.has(id) && modifiedMs <= beforeMs).map(({ id }) => id);
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

function decideAll(
  uses: readonly IndexedUse[],
  pinned: ReadonlyMap<HexId, number>,
  options: PruneOptions,
): ReadonlyMap<IndexedUse, PackFate> {
  const fates = new Map<IndexedUse, PackFate>(uses.map((use) => [use, "keep"]));
  const movable = uses.filter(({ id }) => !pinned.has(id));
  for (const [use, fate] of decidePacks(movable, options)) fates.set(use, fate);
  return fates;
}

interface PacksOutside {
  readonly due: readonly MarkedPack[];
  readonly waiting: readonly MarkedPack[];
  readonly unindexed: readonly MarkedPack[];
}

/** Packs that the index does not name, by what is known of them. */
function packsOutside(
  indexed: ReadonlySet<HexId>,
  packs: Packs,
  { marks, nowMs, graceMs }: { readonly marks: readonly Mark[]; readonly nowMs: number; readonly graceMs: number },
): PacksOutside {
  const markedMs = timesOfMarks(marks);
  const due: MarkedPack[] = [];
  const waiting: MarkedPack[] = [];
  const unindexed: MarkedPack[] = [];
  for (const { id, sizeBytes: bytes, modifiedMs } of packs.values()) {
    if (indexed.has(id)) continue;
    const timeMs = markedMs.get(id);
    if (timeMs !== undefined) (timeMs <= nowMs - graceMs ? due : waiting).push({ id, bytes });
    else if (modifiedMs <= nowMs - PRUNE_MARGINS.unindexedMs) unindexed.push({ id, bytes });
  }
  return { due, waiting, unindexed };
}

/** By pack, of the youngest mark that names it. */
function timesOfMarks(marks: readonly Mark[]): ReadonlyMap<HexId, number> {
  const times = new Map<HexId, number>();
  for (const { timeMs, packs } of marks) for (const { id } of packs) times.set(id, Math.max(timeMs, times.get(id) ?? 0));
  return times;
}

function hasManyFiles(files: ReadonlySet<HexId>, index: BlobIndex): boolean {
  return files.size > 2 * Math.ceil(index.size / BLOBS_PER_INDEX_FILE) + SPARE_INDEX_FILES;
}

function latest(moments: readonly (number | undefined)[]): number | undefined {
  const known = moments.filter((moment) => moment !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

export function totalOf(packs: readonly MarkedPack[]): PackTotal {
  return { packs: packs.length, bytes: packs.reduce((sum, { bytes }) => sum + bytes, 0) };
}
