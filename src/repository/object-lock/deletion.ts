/**
 * Deletes where a plain delete only hides. On a store with Object Lock nothing of ours is ever hidden: it goes for good, or it stays in
 * sight until its retention has ended. So whatever is hidden and locked was hidden by somebody else.
 */
import type { Clock } from "../../base/clock.ts";
import { DomainError } from "../../base/errors.ts";
import type { CallOptions, ObjectKey, ObjectStore, ObjectVersions } from "../../storage/object-store.ts";
import { historyOf, type History, listHistories, lockedUntil, lockEndMs, standingOf } from "./history.ts";
import { promisedHash } from "./lockable-files.ts";
import { folderOf } from "../layout.ts";

export interface DeletionOptions extends CallOptions {
  readonly clock: Clock;
}

export type Deletion =
  | { readonly kind: "deleted" }
  /** It stays as it is until then, milliseconds since 1970; infinite while it is under legal hold. */
  | { readonly kind: "kept"; readonly untilMs: number };

const DELETED: Deletion = { kind: "deleted" };

/**
 * Deletes all versions and delete markers of an object. While one is under retention or legal hold, the object stays in sight. On a store
 * without Object Lock it is a plain delete: what a versioned bucket keeps of that is its owner's decision.
 */
export async function deleteForGood(store: ObjectStore, key: ObjectKey, { clock, signal }: DeletionOptions): Promise<Deletion> {
  const { versions, locking } = store;
  if (versions === undefined || locking === undefined) {
    await store.delete(key, { signal });
    return DELETED;
  }
  return deleteHistory(store, versions, await historyOf(versions, key, { signal }), { nowMs: clock.now(), signal });
}

/** Until when deleteForGood() would keep an object; undefined: it would be deleted. */
export async function keptUntil(store: ObjectStore, key: ObjectKey, { clock, signal }: DeletionOptions): Promise<number | undefined> {
  const { versions, locking } = store;
  if (versions === undefined || locking === undefined) return undefined;
  return lockedUntil(store, await historyOf(versions, key, { signal }), { nowMs: clock.now(), signal });
}

/** How many objects were removed for good that had been deleted before, by restic for example, and that nothing protects any more. */
export async function sweepRemoved(store: ObjectStore, { clock, signal }: DeletionOptions): Promise<number> {
  const { versions, locking } = store;
  if (versions === undefined || locking === undefined) return 0;
  let swept = 0;
  for await (const history of listHistories(versions, "", { signal })) {
    const options = { nowMs: clock.now(), signal };
    if (!isSwept(history) || (await standingOf(store, history, options)) !== "removed") continue;
    if ((await deleteHistory(store, versions, history, options)).kind === "deleted") swept++;
  }
  return swept;
}

function isSwept({ key }: History): boolean {
  return promisedHash(key) !== undefined || key.startsWith(folderOf("locks"));
}

/** The oldest first and the markers last: if it ends half way, nothing has come back into sight. */
async function deleteHistory(
  store: ObjectStore,
  versions: ObjectVersions,
  history: History,
  options: { readonly nowMs: number; readonly signal: AbortSignal | undefined },
): Promise<Deletion> {
  const { signal } = options;
  const { key } = history;
  const oldestFirst = history.versions.toReversed();
  for (const info of [...oldestFirst.filter((it) => !it.isDeleteMarker), ...oldestFirst.filter((it) => it.isDeleteMarker)]) {
    try {
      await versions.delete(key, info.version, { signal });
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== "forbidden") throw error;
      const untilMs = await lockEndMs(store, info, options);
      // By the store's clock it may still be locked, whatever ours says.
      if (untilMs !== undefined || error.code === "object_locked") return { kind: "kept", untilMs: untilMs ?? options.nowMs };
      // Credentials that may not delete versions: it is hidden then, and nothing protects it.
      await store.delete(key, { signal });
      return DELETED;
    }
  }
  return DELETED;
}
