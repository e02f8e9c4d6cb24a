/** Packs that were marked and turn out to be needed: their headers say what is in them, so they can go back into the index. */
import { mapConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import type { CallOptions } from "../../storage/object-store.ts";
import { decodePackHeader, PACK_TRAILER_BYTES, type PlacedEntry, readPackHeaderLength } from "../format/pack-header.ts";
import type { BlobIndex } from "../index/blob-index.ts";
import { keyOfFile } from "../layout.ts";
import type { MarkedPack } from "../marks.ts";
import type { Repository } from "../repository.ts";
import { addPack } from "./index-files.ts";
import { missingBlob } from "./used-scan.ts";

const CONCURRENT_READS = 8;

/**
 * Adds to the index those of the packs that hold a missing blob, as far as their headers can be read.
 *
 * @param packs with their real lengths
 * @param missing as missingBlob() writes them
 * @returns the packs that were added
 */
export async function putBack(
  { repository, index }: { readonly repository: Repository; readonly index: BlobIndex },
  packs: readonly MarkedPack[],
  missing: ReadonlySet<string>,
  options: CallOptions,
): Promise<readonly HexId[]> {
  const read = await mapConcurrent(packs, { limit: CONCURRENT_READS, signal: options.signal }, async ({ id, bytes }, signal) => {
    const entries = await readHeader(repository, { id, bytes }, { signal });
    return { id, entries };
  });
  const needed = read.filter(({ entries }) => entries.some(({ type, id }) => missing.has(missingBlob(type, id))));
  for (const { id, entries } of needed) addPack(index, id, entries);
  return needed.map(({ id }) => id);
}

/** Nothing if it cannot be read: then the pack is no help. */
async function readHeader({ store, cipher }: Repository, { id, bytes }: MarkedPack, options: CallOptions): Promise<readonly PlacedEntry[]> {
  const key = keyOfFile("data", id);
  try {
    const trailer = await store.get(key, { ...options, range: { offset: bytes - PACK_TRAILER_BYTES, length: PACK_TRAILER_BYTES } });
    const length = readPackHeaderLength(trailer, bytes);
    const sealed = await store.get(key, { ...options, range: { offset: bytes - PACK_TRAILER_BYTES - length, length } });
    return decodePackHeader(cipher.open(sealed), bytes);
  } catch (error) {
    if (error instanceof DomainError && (error.kind === "corrupt" || error.kind === "not-found")) return [];
    throw error;
  }
}
