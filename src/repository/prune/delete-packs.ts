/** Deletes packs for good: where the store keeps versions, all of them. */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { CallOptions, ObjectKey, ObjectStore } from "../../storage/object-store.ts";
import { keyOfFile } from "../layout.ts";
import type { MarkedPack } from "../marks.ts";
import type { Session } from "../session.ts";

const CONCURRENT_DELETIONS = 16;

/** What is under retention or hold stays, and is reported: once its mark is gone, a later prune marks it again. */
export async function deletePacks(
  { repository, signal, throwIfLost }: Session,
  packs: readonly MarkedPack[],
  { report, progress }: { readonly report: FindingSink; readonly progress: ProgressSink },
): Promise<void> {
  let doneBytes = 0;
  let doneItems = 0;
  await forEachConcurrent(packs, { limit: CONCURRENT_DELETIONS, signal }, async ({ id, bytes }, signalOfAll) => {
    throwIfLost();
    const key = keyOfFile("data", id);
    try {
      await deleteForGood(repository.store, key, { signal: signalOfAll });
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== "object_locked") throw error;
      report({ grade: "info", code: "pack_locked", object: key, message: error.message });
    }
    doneBytes += bytes;
    progress({ stage: "Deleting packs", doneBytes, doneItems: ++doneItems, totalItems: packs.length });
  });
}

async function deleteForGood(store: ObjectStore, key: ObjectKey, options: CallOptions): Promise<void> {
  const { versions } = store;
  if (versions === undefined) return store.delete(key, options);
  // The oldest first, which is the content: while that is locked, no marker comes off either.
  const all = await Array.fromAsync(versions.list(key, options));
  for (const { version, key: found } of all.toReversed()) if (found === key) await versions.delete(key, version, options);
}
