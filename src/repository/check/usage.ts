/** Counts what no snapshot needs. */
import type { BlobIndex } from "../index/blob-index.ts";
import type { EntrySet } from "../index/entry-set.ts";

export interface UsageCount {
  readonly usedBlobs: number;
  readonly unusedBlobs: number;
  /** As sealed. */
  readonly unusedBytes: number;
  /** Further copies of blobs that the index has already. */
  readonly duplicateBlobs: number;
}

/** @param used of each blob one entry: that which the index finds */
export function countUsage(index: BlobIndex, used: EntrySet): UsageCount {
  const id = new Uint8Array(32);
  let usedBlobs = 0;
  let unusedBlobs = 0;
  let unusedBytes = 0;
  let duplicateBlobs = 0;
  for (const entry of index.entries()) {
    if (used.has(entry)) {
      usedBlobs++;
      continue;
    }
    index.idInto(entry, id, 0);
    if (index.find(index.typeOf(entry), id, 0) !== entry) {
      duplicateBlobs++;
    } else {
      unusedBlobs++;
      unusedBytes += index.lengthOf(entry);
    }
  }
  return { usedBlobs, unusedBlobs, unusedBytes, duplicateBlobs };
}
