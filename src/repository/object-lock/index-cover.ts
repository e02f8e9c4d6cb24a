/**
 * Sees to it that packs are named by index files that are retained as long as they are. An index file that names only packs in use is
 * extended. One that names others, too, is not: prune could not take those out of it. Then new index files name what is in use.
 */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { encodeIndexFile, type IndexedBlob, scanIndexFile } from "../index/index-file.ts";
import { keyOfFile } from "../layout.ts";
import { loadCached } from "../open-index.ts";
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
/** As many as restic puts into one file. */
const BLOBS_OF_FILE = 50_000;
/** Whose blobs are in memory at a time; for each so many the whole index is gone through once. */
const PACKS_AT_A_TIME = 1_000;

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
  for (let at = 0; at < unnamed.size; at += PACKS_AT_A_TIME)
    await writeIndexOf(session, new Set([...unnamed].slice(at, at + PACKS_AT_A_TIME)));
}

/** None if it is damaged or gone: its packs are named anew then. */
async function packsNamedBy({ repository, cache, signal }: Session, id: HexId): Promise<ReadonlySet<HexId>> {
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

async function writeIndexOf({ index, repository, signal }: Session, packs: ReadonlySet<HexId>): Promise<void> {
  const blobsOf = new Map<number, IndexedBlob[]>();
  for (const pack of index.packs()) if (packs.has(index.packId(pack))) blobsOf.set(pack, []);
  for (const entry of index.entries()) {
    const blobs = blobsOf.get(index.packOf(entry));
    blobs?.push({
      id: index.idOf(entry),
      type: index.typeOf(entry),
      offset: index.offsetOf(entry),
      length: index.lengthOf(entry),
      uncompressedLength: index.uncompressedLengthOf(entry),
    });
  }
  let file: { readonly id: HexId; readonly blobs: readonly IndexedBlob[] }[] = [];
  let blobCount = 0;
  const save = async (): Promise<void> => {
    if (file.length > 0) await repository.files.save("index", encodeIndexFile(file), { signal });
    file = [];
    blobCount = 0;
  };
  for (const [pack, blobs] of blobsOf) {
    if (blobCount + blobs.length > BLOBS_OF_FILE) await save();
    file.push({ id: index.packId(pack), blobs: blobs.toSorted((a, b) => a.offset - b.offset) });
    blobCount += blobs.length;
  }
  await save();
}
