/** What of the index prune has to leave as it is, because its retention has not ended. */
import { forEachConcurrent } from "../../base/concurrency.ts";
import type { HexId } from "../../base/ids.ts";
import { folderOf, idOfKey } from "../layout.ts";
import type { Session } from "../session.ts";
import { listHistories, lockedUntil } from "./history.ts";
import { packsNamedBy } from "./index-cover.ts";

export interface HeldIndex {
  /** Index files that cannot be replaced, */
  readonly files: ReadonlySet<HexId>;
  /**
   * and the packs that they name, each with the moment until which it is so, infinite under legal hold: those must stay, and need not be
   * named by others.
   */
  readonly packs: ReadonlyMap<HexId, number>;
}

const CONCURRENT_QUESTIONS = 16;

/** Nothing on a store without Object Lock. Else it asks for the retention of each index file, hidden ones included. */
export async function findHeldIndex(session: Session, nowMs: number): Promise<HeldIndex> {
  const files = new Set<HexId>();
  const packs = new Map<HexId, number>();
  const { signal } = session;
  const { store } = session.repository;
  if (store.versions === undefined || store.locking === undefined) return { files, packs };
  const histories = listHistories(store.versions, folderOf("index"), { signal });
  await forEachConcurrent(histories, { limit: CONCURRENT_QUESTIONS, signal }, async (history, signalOfAll) => {
    const id = idOfKey(history.key);
    const untilMs = id === undefined ? undefined : await lockedUntil(store, history, { nowMs, signal: signalOfAll });
    if (id === undefined || untilMs === undefined) return;
    files.add(id);
    for (const pack of await packsNamedBy(session, id)) packs.set(pack, Math.max(untilMs, packs.get(pack) ?? 0));
  });
  return { files, packs };
}
