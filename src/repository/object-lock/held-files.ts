/** What prune has to leave as it is, because its retention has not ended. */
import type { Clock } from "../../base/clock.ts";
import { forEachConcurrent } from "../../base/concurrency.ts";
import type { HexId } from "../../base/ids.ts";
import { folderOf, idOfKey } from "../layout.ts";
import type { Session } from "../session.ts";
import { isLocked, listHistories } from "./history.ts";
import { packsNamedBy } from "./index-cover.ts";

export interface HeldFiles {
  /** They cannot be replaced, */
  readonly indexFiles: ReadonlySet<HexId>;
  /** and so the packs that they name must stay, and need not be named by others. */
  readonly packs: ReadonlySet<HexId>;
}

const CONCURRENT_QUESTIONS = 16;

/** Nothing on a store without Object Lock. Else it asks for the retention of each index file. */
export async function findHeldFiles(session: Session, { clock }: { readonly clock: Clock }): Promise<HeldFiles> {
  const indexFiles = new Set<HexId>();
  const packs = new Set<HexId>();
  const { signal } = session;
  const { store } = session.repository;
  if (store.versions === undefined || store.locking === undefined) return { indexFiles, packs };
  const histories = listHistories(store.versions, folderOf("index"), { signal });
  await forEachConcurrent(histories, { limit: CONCURRENT_QUESTIONS, signal }, async (history, signalOfAll) => {
    const id = idOfKey(history.key);
    const options = { nowMs: clock.now(), signal: signalOfAll };
    if (id === undefined || !session.indexFiles.has(id) || !(await isLocked(store, history, options))) return;
    indexFiles.add(id);
    for (const pack of await packsNamedBy(session, id)) packs.add(pack);
  });
  return { indexFiles, packs };
}
