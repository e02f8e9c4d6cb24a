/** What prune has to leave as it is, because its retention has not ended. */
import type { Clock } from "../../base/clock.ts";
import { forEachConcurrent } from "../../base/concurrency.ts";
import type { HexId } from "../../base/ids.ts";
import { keyOfFile } from "../layout.ts";
import type { Session } from "../session.ts";
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
  const { indexFiles: all, repository, signal } = session;
  const { locking } = repository.store;
  if (locking === undefined) return { indexFiles, packs };
  await forEachConcurrent(all, { limit: CONCURRENT_QUESTIONS, signal }, async (id, signalOfAll) => {
    const untilMs = await locking.retainedUntilMs(keyOfFile("index", id), undefined, { signal: signalOfAll });
    if (untilMs === undefined || untilMs <= clock.now()) return;
    indexFiles.add(id);
    for (const pack of await packsNamedBy(session, id)) packs.add(pack);
  });
  return { indexFiles, packs };
}
