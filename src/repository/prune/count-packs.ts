/** Counts, for each pack that the index names, what of it is needed. */
import type { BlobIndex } from "../index/blob-index.ts";
import { ID_BYTES } from "../index/id-table.ts";
import { type EntrySet, entryLimit, packLimit } from "../index/entry-set.ts";

/** By number of pack. Bytes are those of sealed blobs. */
export interface PackCounts {
  readonly usedBlobs: Int32Array<ArrayBuffer>;
  readonly usedBytes: Float64Array<ArrayBuffer>;
  /** Blobs that nothing needs, or that are needed and counted as used in another pack. */
  readonly unusedBlobs: Int32Array<ArrayBuffer>;
  readonly unusedBytes: Float64Array<ArrayBuffer>;
  /** Part of `unusedBytes`: copies. */
  readonly duplicateBytes: Float64Array<ArrayBuffer>;
  readonly compressedBlobs: Int32Array<ArrayBuffer>;
  readonly treeBlobs: Int32Array<ArrayBuffer>;
}

/** Gives for an entry the one that find() gives for its blob: all places of a blob have the same. */
export function firstEntryOf(index: BlobIndex): (entry: number) => number {
  const id = new Uint8Array(ID_BYTES);
  return (entry) => {
    index.idInto(entry, id, 0);
    return index.find(index.typeOf(entry), id, 0);
  };
}

/**
 * Of a blob that lies in several packs one copy counts as used: that in the pack of which the most is needed, so that the others can go.
 *
 * @param used first entries
 */
export function countPacks(index: BlobIndex, used: EntrySet): PackCounts {
  const entries = entryLimit(index);
  const packs = packLimit(index);
  const counts: PackCounts = {
    usedBlobs: new Int32Array(packs),
    usedBytes: new Float64Array(packs),
    unusedBlobs: new Int32Array(packs),
    unusedBytes: new Float64Array(packs),
    duplicateBytes: new Float64Array(packs),
    compressedBlobs: new Int32Array(packs),
    treeBlobs: new Int32Array(packs),
  };
  const firstOf = firstEntryOf(index);
  const firsts = new Int32Array(entries);
  const copies = new Uint16Array(entries);
  const neededBytes = new Float64Array(packs);
  const allBytes = new Float64Array(packs);
  for (const entry of index.entries()) {
    const first = firstOf(entry);
    firsts[entry] = first;
    copies[first] = (copies[first] ?? 0) + 1;
    const pack = index.packOf(entry);
    add(allBytes, pack, index.lengthOf(entry));
    if (used.has(first)) add(neededBytes, pack, index.lengthOf(entry));
  }
  const share = (entry: number): number => (neededBytes[index.packOf(entry)] ?? 0) / (allBytes[index.packOf(entry)] ?? 1);
  const isBetter = (entry: number, other: number): boolean =>
    share(entry) > share(other) || (share(entry) === share(other) && index.packOf(entry) < index.packOf(other));
  const chosen = new Int32Array(entries);
  for (const entry of index.entries()) {
    const first = firsts[entry] ?? 0;
    if ((copies[first] ?? 0) === 1) continue;
    const best = chosen[first] ?? 0;
    if (best === 0 || isBetter(entry, best)) chosen[first] = entry;
  }
  for (const entry of index.entries()) {
    const first = firsts[entry] ?? 0;
    const pack = index.packOf(entry);
    const length = index.lengthOf(entry);
    const isNeeded = used.has(first);
    const isUsed = isNeeded && ((copies[first] ?? 0) === 1 || chosen[first] === entry);
    add(isUsed ? counts.usedBlobs : counts.unusedBlobs, pack, 1);
    add(isUsed ? counts.usedBytes : counts.unusedBytes, pack, length);
    if (isNeeded && !isUsed) add(counts.duplicateBytes, pack, length);
    if (index.uncompressedLengthOf(entry) > 0) add(counts.compressedBlobs, pack, 1);
    if (index.typeOf(entry) === "tree") add(counts.treeBlobs, pack, 1);
  }
  return counts;
}

function add(array: Int32Array | Float64Array, at: number, value: number): void {
  array[at] = (array[at] ?? 0) + value;
}
