/**
 * Sees to it that packs are named by index files that are retained as long as they are. An index file that names only packs in use is
 * extended. One that names others, too, is not: prune could not take those out of it. Then new index files name what is in use.
 */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { scanIndexFile } from "../index/index-file.ts";
import { keyOfFile } from "../layout.ts";
import { loadCached } from "../open-index.ts";
import { encodeIndexFiles, packsOf } from "../prune/index-files.ts";
import type { Session } from "../session.ts";
import { extendFile } from "./extend-file.ts";

export interface IndexCoverOptions {
  /** Those that must be named. */
  readonly packs: ReadonlySet<HexId>;
  /** All that are in use, these among them. */
  readonly used: ReadonlySet<HexId>;
  readonly untilMs: number;
}

const CONCURRENT_FILES = 16;
/** @param session whose store retains what it puts until `untilMs` */
export async function retainIndexOf(session: Session, { packs, used, untilMs }: IndexCoverOptions): Promise<void> {
  if (packs.size === 0) return;
  const { indexFiles, repository, signal } = session;
  const unnamed = new Set(packs);
  await forEachConcurrent(indexFiles, { limit: CONCURRENT_FILES, signal }, async (id) => {
    const named = await packsNamedBy(session, id);
    if (named.isDisjointFrom(packs) || !named.isSubsetOf(used)) return;
    await extendFile(repository.store, keyOfFile("index", id), untilMs, { signal });
    for (const pack of named) unnamed.delete(pack);
  });
  await nameAnew(session, unnamed);
}

/** The packs that an index file names. None if it is damaged or gone. */
export async function packsNamedBy({ repository, cache, signal }: Session, id: HexId): Promise<ReadonlySet<HexId>> {
  const packs = new Set<HexId>();
  try {
    const json = repository.files.open(await loadCached(repository, "index", id, { cache, signal }));
    scanIndexFile(json, { pack: (pack) => packs.add(pack.toHex() as HexId), blob: () => undefined });
    return packs;
  } catch (error) {
    if (error instanceof DomainError && (error.kind === "corrupt" || error.code === "object_not_found")) return new Set();
    throw error;
  }
}

async function nameAnew({ index, repository, signal }: Session, packs: ReadonlySet<HexId>): Promise<void> {
  if (packs.size === 0) return;
  for (const json of encodeIndexFiles(packsOf(index, (pack) => packs.has(index.packId(pack))))) {
    await repository.files.save("index", json, { signal });
  }
}
