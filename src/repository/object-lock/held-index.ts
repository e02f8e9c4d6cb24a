/** What of the index prune has to leave as it is, because its retention has not ended. */
import { forEachConcurrent } from "../../base/concurrency.ts";
import type { HexId } from "../../base/ids.ts";
import { folderOf, idOfKey } from "../layout.ts";
import type { Session } from "../session.ts";
import { isLocked, listHistories } from "./history.ts";
import { packsNamedBy } from "./index-cover.ts";

export interface HeldIndex {
  /** Index files that cannot be replaced, */
  readonly files: ReadonlySet<HexId>;
  /** and the packs that they name: those must stay, and need not be named by others. */
  readonly packs: ReadonlySet<HexId>;
}

const CONCURRENT_QUESTIONS = 16;

/** Nothing on a store without Object Lock. Else it asks for the retention of each index file, hidden ones included. */
export async function findHeldIndex(session: Session, nowMs: number): Promise<HeldIndex> {
  const files = new Set<HexId>();
  const packs = new Set<HexId>();
  const { signal } = session;
  const { store } = session.repository;
  if (store.versions === undefined || store.locking === undefined) return { files, packs };
  const histories = listHistories(store.versions, folderOf("index"), { signal });
  await forEachConcurrent(histories, { limit: CONCURRENT_QUESTIONS, signal }, async (history, signalOfAll) => {
    const id = idOfKey(history.key);
    if (id === undefined || !(await isLocked(store, history, { nowMs, signal: signalOfAll }))) return;
    files.add(id);
    for (const pack of await packsNamedBy(session, id)) packs.add(pack);
  });
  return { files, packs };
}
