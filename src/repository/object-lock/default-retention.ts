/** Finds out whether a bucket locks what is put without a date. */
import { isoTime } from "../../base/clock.ts";
import type { Finding } from "../../base/finding.ts";
import type { CallOptions, ObjectStore } from "../../storage/object-store.ts";
import { folderOf } from "../layout.ts";

/**
 * Looks at a lock, since Holdfast gives those no date: to be asked while one is held. Undefined: there is no retention by default, no
 * lock to look at, or no Object Lock.
 */
export async function findDefaultRetention(store: ObjectStore, options: CallOptions = {}): Promise<Finding | undefined> {
  const { locking } = store;
  if (locking === undefined) return undefined;
  for await (const { key } of store.list(folderOf("locks"), options)) {
    const untilMs = await locking.retainedUntilMs(key, undefined, options);
    if (untilMs === undefined) return undefined;
    const message = `Locks and other short-lived files cannot be deleted before ${isoTime(untilMs)}: the bucket has a retention by default`;
    return { grade: "info", code: "default_retention", object: store.url, message };
  }
  return undefined;
}
