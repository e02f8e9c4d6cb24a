/** Extends the retention of one file: of the version with the right bytes, whatever lies over it. */
import { DomainError } from "../../base/errors.ts";
import type { ObjectKey, ObjectStore, VersionId } from "../../storage/object-store.ts";
import { objectNotFound } from "../../storage/refusals.ts";
import { contentsOf, historyOf } from "./history.ts";
import { findRightVersion, type FindOptions } from "./right-version.ts";

/**
 * Does nothing if it is retained that long already.
 *
 * @throws {DomainError} not-found/object_not_found: no version has the right bytes
 * @throws {DomainError} unsupported/object_lock: the store cannot
 */
export async function extendFile(store: ObjectStore, key: ObjectKey, untilMs: number, options: FindOptions): Promise<void> {
  const { signal } = options;
  if (store.locking === undefined) {
    throw new DomainError("unsupported", "object_lock", `Cannot extend the retention of "${key}": ${store.url} has no Object Lock`);
  }
  try {
    await store.locking.retainUntil(key, untilMs, await rightVersionOf(store, key, options), { signal });
  } catch (error) {
    const isLonger = error instanceof DomainError && error.code === "object_locked";
    if (!isLonger) throw error;
  }
}

/** The only version is taken for the right one: while it is retained nobody can have replaced it. */
async function rightVersionOf(store: ObjectStore, key: ObjectKey, options: FindOptions): Promise<VersionId> {
  const { versions } = store;
  if (versions === undefined) throw objectNotFound(store.url, key);
  const history = await historyOf(versions, key, { signal: options.signal });
  const [only, ...others] = contentsOf(history.versions);
  const right = only !== undefined && others.length === 0 ? only : (await findRightVersion(versions, history, options))?.info;
  if (right === undefined) throw objectNotFound(store.url, key);
  return right.version;
}
