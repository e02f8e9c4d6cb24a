/** Deletes packs whose time has come. */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { ProgressSink } from "../../base/progress.ts";
import { keyOfFile } from "../layout.ts";
import type { MarkedPack } from "../marks.ts";
import type { Session } from "../session.ts";

const CONCURRENT_DELETIONS = 16;

/**
 * What is under retention or hold stays, and is reported: once its mark is gone, a later prune marks it again.
 *
 * @returns those that are gone
 */
export async function deletePacks(
  { repository, signal, throwIfLost }: Session,
  packs: readonly MarkedPack[],
  { report, progress }: { readonly report: FindingSink; readonly progress: ProgressSink },
): Promise<readonly MarkedPack[]> {
  const deleted: MarkedPack[] = [];
  let doneBytes = 0;
  let doneItems = 0;
  await forEachConcurrent(packs, { limit: CONCURRENT_DELETIONS, signal }, async (pack, signalOfAll) => {
    throwIfLost();
    const isGone = await unlessLocked(repository.store.delete(keyOfFile("data", pack.id), { signal: signalOfAll }));
    if (isGone) deleted.push(pack);
    doneBytes += pack.bytes;
    progress({ stage: "Deleting packs", doneBytes, doneItems: ++doneItems, totalItems: packs.length });
  });
  const locked = packs.length - deleted.length;
  if (locked > 0) {
    const message = `Cannot delete ${locked} packs yet: they are under retention or legal hold`;
    report({ grade: "info", code: "packs_locked", object: "data", message });
  }
  return deleted;
}

/** Whether it was done; false if retention or a hold stood against it. */
export async function unlessLocked(deletion: Promise<void>): Promise<boolean> {
  try {
    await deletion;
    return true;
  } catch (error) {
    if (error instanceof DomainError && error.code === "object_locked") return false;
    throw error;
  }
}
