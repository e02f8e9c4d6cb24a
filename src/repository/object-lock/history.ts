/** The versions of an object, and what became of it. */
import type { CallOptions, ListOptions, ObjectKey, ObjectStore, ObjectVersions, VersionInfo } from "../../storage/object-store.ts";

export interface History {
  readonly key: ObjectKey;
  /** Those that are left out because they are newer than the moment that was asked for; the newest first. */
  readonly newer: readonly VersionInfo[];
  /** The others, the newest first. */
  readonly versions: readonly VersionInfo[];
}

export interface AsOf {
  /** As if nothing had happened later than this, milliseconds since 1970 by the store's clock. */
  readonly asOfMs?: number | undefined;
}

/** By key, in the order of the store's lists. */
export async function* listHistories(
  versions: ObjectVersions,
  prefix: string,
  { asOfMs = Number.POSITIVE_INFINITY, ...options }: ListOptions & AsOf = {},
): AsyncGenerator<History, void, undefined> {
  let all: VersionInfo[] = [];
  const take = (): History[] => {
    const key = all[0]?.key;
    if (key === undefined) return [];
    const history = { key, newer: all.filter((it) => it.modifiedMs > asOfMs), versions: all.filter((it) => it.modifiedMs <= asOfMs) };
    all = [];
    return [history];
  };
  for await (const info of versions.list(prefix, options)) {
    if (info.key !== all[0]?.key) yield* take();
    all.push(info);
  }
  yield* take();
}

export async function historyOf(versions: ObjectVersions, key: ObjectKey, options: CallOptions & AsOf = {}): Promise<History> {
  for await (const history of listHistories(versions, key, options)) if (history.key === key) return history;
  return { key, newer: [], versions: [] };
}

/**
 * - `shown`: there as for any other program, with the right bytes or others.
 * - `hidden`: deleted, although a version is under retention or legal hold. Nobody who means well does that: what Holdfast removes
 *   it removes for good or not at all (`deletion.ts`). So it is damage, and the object still counts as there.
 * - `removed`: deleted, and nothing protects it any more, or it never was there. That is how prune, forget, unlock and a lock's
 *   renewal leave things, restic's also, and it must not come back.
 */
export type Standing = "shown" | "hidden" | "removed";

export interface StandingOptions extends CallOptions {
  readonly nowMs: number;
}

/** Asks the store only about what was deleted. */
export async function standingOf(store: ObjectStore, history: History, options: StandingOptions): Promise<Standing> {
  if (history.versions[0]?.isDeleteMarker === false) return "shown";
  return (await isLocked(store, history, options)) ? "hidden" : "removed";
}

/** Whether any of the versions cannot be deleted. */
async function isLocked(store: ObjectStore, { versions }: History, options: StandingOptions): Promise<boolean> {
  for (const info of contentsOf(versions)) if ((await lockEndMs(store, info, options)) !== undefined) return true;
  return false;
}

/** When the last of the versions can be deleted; undefined: all can be now. Infinite while one is under legal hold. */
export async function lockedUntil(store: ObjectStore, { versions }: History, options: StandingOptions): Promise<number | undefined> {
  let lastMs: number | undefined;
  for (const info of contentsOf(versions)) {
    const endMs = await lockEndMs(store, info, options);
    if (endMs !== undefined) lastMs = Math.max(endMs, lastMs ?? 0);
  }
  return lastMs;
}

/** Without delete markers. */
export function contentsOf(versions: readonly VersionInfo[]): readonly VersionInfo[] {
  return versions.filter(({ isDeleteMarker }) => !isDeleteMarker);
}

/** When a version can be deleted, milliseconds since 1970; undefined: now. Infinite while it is under legal hold. */
export async function lockEndMs(
  { locking }: ObjectStore,
  { key, version }: Pick<VersionInfo, "key" | "version">,
  { nowMs, signal }: StandingOptions,
): Promise<number | undefined> {
  if (locking === undefined) return undefined;
  const untilMs = await locking.retainedUntilMs(key, version, { signal });
  if (untilMs !== undefined && untilMs > nowMs) return untilMs;
  return (await locking.hasLegalHold(key, version, { signal })) ? Number.POSITIVE_INFINITY : undefined;
}
