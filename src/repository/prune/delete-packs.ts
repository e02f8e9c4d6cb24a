/** Deletes packs whose time has come. */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import { keyOfFile } from "../layout.ts";
import type { MarkedPack } from "../marks.ts";
import { deleteForGood } from "../object-lock/deletion.ts";
import { lockText } from "../object-lock/lock-text.ts";
import type { Session } from "../session.ts";
import type { PruneOptions } from "./plan.ts";

const CONCURRENT_DELETIONS = 16;

/**
 * What is under retention or hold stays, and is reported: once its mark is gone, a later prune marks it again.
 *
 * @returns those that are gone
 */
export async function deletePacks(
  { repository, signal, throwIfLost }: Session,
  packs: readonly MarkedPack[],
  { clock, report, progress }: Pick<PruneOptions, "clock" | "report" | "progress">,
): Promise<readonly MarkedPack[]> {
  const deleted: MarkedPack[] = [];
  const locked = new Map<number, MarkedPack[]>();
  let doneBytes = 0;
  let doneItems = 0;
  await forEachConcurrent(packs, { limit: CONCURRENT_DELETIONS, signal }, async (pack, signalOfAll) => {
    throwIfLost();
    const deletion = await deleteForGood(repository.store, keyOfFile("data", pack.id), { clock, signal: signalOfAll });
    if (deletion.kind === "deleted") deleted.push(pack);
    else locked.set(deletion.untilMs, [...(locked.get(deletion.untilMs) ?? []), pack]);
    doneBytes += pack.bytes;
    progress({ stage: "Deleting packs", doneBytes, doneItems: ++doneItems, totalItems: packs.length });
  });
  for (const [untilMs, held] of locked) {
    const what = held.length === 1 ? "1 pack yet: it is" : `${held.length} packs yet: they are`;
    report({ grade: "info", code: "packs_locked", object: "data", message: `Cannot delete ${what} ${lockText(untilMs)}` });
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
