/** Finds the files that snapshots need and that can be deleted too early. It asks the store itself, and believes no ledger. */
import type { Clock } from "../../base/clock.ts";
import { forEachConcurrent } from "../../base/concurrency.ts";
import type { HexId } from "../../base/ids.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { ObjectKey, VersionId, VersionInfo } from "../../storage/object-store.ts";
import { EntrySet, entryLimit } from "../index/entry-set.ts";
import { keyOfFile } from "../layout.ts";
import { findUsed } from "../prune/find-used.ts";
import type { Session } from "../session.ts";
import type { StoredSnapshot } from "../snapshots.ts";
import { accessFiles } from "./extend.ts";
import { contentsOf, type History, listHistories, lockEndMs } from "./history.ts";
import { packsNamedBy } from "./index-cover.ts";
import { findRightVersion } from "./right-version.ts";
import { isRightFile } from "./single-files.ts";

export interface EarlyExpiry {
  readonly key: ObjectKey;
  /** When it can be deleted, milliseconds since 1970; undefined: now. */
  readonly untilMs: number | undefined;
  /** When it may be. */
  readonly need: Need;
}

/** What is needed until when, and by which of the snapshots; undefined by all of them. */
interface Need {
  readonly untilMs: number;
  readonly snapshot: HexId | undefined;
}

export interface LockExpiryOptions {
  /** Until when a snapshot must be restorable whatever anybody does; undefined: it need not be any more. */
  readonly neededMs: (snapshot: StoredSnapshot) => number | undefined;
  readonly clock: Clock;
  readonly progress: ProgressSink;
}

interface LockEnd {
  readonly version: VersionId;
  /** Undefined: it can be deleted now. */
  readonly untilMs: number | undefined;
}

const CONCURRENT_QUESTIONS = 16;
/** Snapshots that are needed until the same day are looked at together. */
const DAY_MS = 86_400_000;

/**
 * By key.
 *
 * @param session of a store with Object Lock
 * @throws {DomainError} corrupt/…: a tree, or the pack it lies in, cannot be read
 */
export async function findEarlyExpiries(session: Session, options: LockExpiryOptions): Promise<readonly EarlyExpiry[]> {
  const needs = new Map<ObjectKey, Need>();
  const packs = await neededPacks(session, options, needs);
  const [latest] = needs
    .values()
    .toArray()
    .toSorted((a, b) => b.untilMs - a.untilMs);
  if (latest === undefined) return [];
  for (const key of await accessFiles(session)) needs.set(key, { untilMs: latest.untilMs, snapshot: undefined });
  for (const [pack, need] of packs) needs.set(keyOfFile("data", pack), need);
  // Index files last for nothing by themselves: each pack needs one that does.
  const ends = await askEnds(session, options, (key) => needs.has(key) || key.startsWith("index/"));
  const early: EarlyExpiry[] = [];
  for (const [key, need] of needs) {
    const end = ends.get(key);
    if (end !== undefined && (end.untilMs ?? 0) < need.untilMs) early.push({ key, untilMs: end.untilMs, need });
  }
  early.push(...(await earlyIndexFiles(session, packs, ends)));
  return (await withoutHeld(session, early, ends)).toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

/** Whoever put a file under legal hold means to lift it one day, by hand. */
async function withoutHeld(
  { repository, signal }: Session,
  early: readonly EarlyExpiry[],
  ends: ReadonlyMap<ObjectKey, LockEnd>,
): Promise<readonly EarlyExpiry[]> {
  const { locking } = repository.store;
  const left: EarlyExpiry[] = [];
  await forEachConcurrent(early, { limit: CONCURRENT_QUESTIONS, signal }, async (one, signalOfAll) => {
    if ((await locking?.hasLegalHold(one.key, ends.get(one.key)?.version, { signal: signalOfAll })) !== true) left.push(one);
  });
  return left;
}

/** Notes the needs of the snapshots themselves, and gives those of packs. */
async function neededPacks(
  session: Session,
  { neededMs, progress }: LockExpiryOptions,
  needs: Map<ObjectKey, Need>,
): Promise<Map<HexId, Need>> {
  const { repository, index, cache, signal } = session;
  const wanted = session.snapshots.flatMap((stored) => {
    const untilMs = neededMs(stored);
    return untilMs === undefined ? [] : [{ stored, untilMs }];
  });
  for (const { stored, untilMs } of wanted) needs.set(keyOfFile("snapshots", stored.id), { untilMs, snapshot: stored.id });
  const packs = new Map<number, Need>();
  const used = EntrySet.create(entryLimit(index));
  const latestFirst = wanted.toSorted((a, b) => b.untilMs - a.untilMs);
  for (const group of Map.groupBy(latestFirst, ({ untilMs }) => Math.floor(untilMs / DAY_MS)).values()) {
    const [first] = group;
    if (first === undefined) continue;
    const trees = group.map(({ stored }) => stored.snapshot.tree);
    await findUsed(trees, used, { repository, index, cache, signal, progress });
    for (const entry of index.entries()) {
      const pack = index.packOf(entry);
      if (used.has(entry) && !packs.has(pack)) packs.set(pack, { untilMs: first.untilMs, snapshot: first.stored.id });
    }
  }
  return new Map(Array.from(packs, ([pack, need]) => [index.packId(pack), need]));
}

/** When the right version of each file that is asked for can be deleted. */
async function askEnds(
  { repository, signal }: Session,
  { clock, progress }: LockExpiryOptions,
  isAsked: (key: ObjectKey) => boolean,
): Promise<ReadonlyMap<ObjectKey, LockEnd>> {
  const { store } = repository;
  const { versions, locking } = store;
  const ends = new Map<ObjectKey, LockEnd>();
  if (versions === undefined || locking === undefined) return ends;
  const nowMs = clock.now();
  await forEachConcurrent(
    listHistories(versions, "", { signal }),
    { limit: CONCURRENT_QUESTIONS, signal },
    async (history, signalOfAll) => {
      const { key } = history;
      if (!isAsked(key)) return;
      const options = { nowMs, signal: signalOfAll };
      const right = await rightVersion(history, options.signal);
      if (right !== undefined) ends.set(key, { version: right.version, untilMs: await lockEndMs(store, right, options) });
      progress({ stage: "Asking for locks", doneBytes: 0, doneItems: ends.size });
    },
  );
  return ends;

  async function rightVersion(history: History, signalOfAll: AbortSignal): Promise<VersionInfo | undefined> {
    const [only, ...others] = contentsOf(history.versions);
    if (only === undefined || others.length === 0) return only;
    const isRight = (bytes: Uint8Array): boolean => isRightFile(repository, history.key, bytes);
    return versions === undefined ? undefined : (await findRightVersion(versions, history, { isRight, signal: signalOfAll }))?.info;
  }
}

/** For each pack that no index file names for long enough, the one that does so the longest. */
async function earlyIndexFiles(
  session: Session,
  packs: ReadonlyMap<HexId, Need>,
  ends: ReadonlyMap<ObjectKey, LockEnd>,
): Promise<readonly EarlyExpiry[]> {
  const longest = new Map<HexId, Omit<EarlyExpiry, "need">>();
  await forEachConcurrent(session.indexFiles, { limit: CONCURRENT_QUESTIONS, signal: session.signal }, async (id) => {
    const key = keyOfFile("index", id);
    const untilMs = ends.get(key)?.untilMs;
    for (const pack of await packsNamedBy(session, id)) {
      const before = longest.get(pack);
      if (before === undefined || (before.untilMs ?? 0) < (untilMs ?? 0)) longest.set(pack, { key, untilMs });
    }
  });
  const early = new Map<ObjectKey, EarlyExpiry>();
  for (const [pack, need] of packs) {
    const cover = longest.get(pack);
    if (cover === undefined || (cover.untilMs ?? 0) >= need.untilMs) continue;
    if ((early.get(cover.key)?.need.untilMs ?? 0) < need.untilMs) early.set(cover.key, { ...cover, need });
  }
  return [...early.values()];
}
