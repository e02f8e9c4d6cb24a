/**
 * Index files under retention: they cannot be taken away, so neither can the packs that they name. Until the retention has ended, those stay as
 * they are; everything else would be done again by each prune.
 */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import type { ObjectKey, ObjectLocking } from "../../storage/object-store.ts";
import { keyOfFile } from "../layout.ts";
import { packsNamedBy } from "../object-lock/index-cover.ts";
import type { Session } from "../session.ts";

export interface PinnedIndex {
  readonly files: ReadonlySet<HexId>;
  readonly packs: ReadonlySet<HexId>;
}

const CONCURRENT_READS = 16;

export async function findPinnedIndex(session: Session, nowMs: number): Promise<PinnedIndex> {
  const { repository, indexFiles, signal } = session;
  const { locking } = repository.store;
  if (locking === undefined) return { files: new Set(), packs: new Set() };
  const files = new Set<HexId>();
  const packs = new Set<HexId>();
  await forEachConcurrent(indexFiles, { limit: CONCURRENT_READS, signal }, async (id, signalOfAll) => {
    if ((await retainedUntil(locking, keyOfFile("index", id), signalOfAll)) <= nowMs) return;
    files.add(id);
    for (const pack of await packsNamedBy(session, id)) packs.add(pack);
  });
  return { files, packs };
}

async function retainedUntil(locking: ObjectLocking, key: ObjectKey, signal: AbortSignal): Promise<number> {
  try {
    return (await locking.retainedUntilMs(key, undefined, { signal })) ?? 0;
  } catch (error) {
    if (error instanceof DomainError && error.code === "object_not_found") return 0;
    throw error;
  }
}
