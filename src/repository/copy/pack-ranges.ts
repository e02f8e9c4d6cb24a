/** From the blobs that are wanted to the pieces of packs that are fetched for them. */
import type { BlobIndex } from "../index/blob-index.ts";

/** A piece of one pack, and the blobs in it that are wanted, as entries of the index. */
export interface PackRange {
  readonly pack: number;
  readonly offset: number;
  readonly length: number;
  readonly entries: Uint32Array<ArrayBuffer>;
}

/** What lies between two wanted blobs is fetched with them if it is no longer: another request takes as long. */
const MAX_GAP_BYTES = 256 << 10;
/** Pieces are no longer, unless one blob is. */
const MAX_RANGE_BYTES = 4 << 20;

/** Pack by pack, and in each as the blobs lie. */
export function inPackOrder(index: BlobIndex, entries: readonly number[]): Uint32Array<ArrayBuffer> {
  return Uint32Array.from(entries).toSorted((a, b) => index.packOf(a) - index.packOf(b) || index.offsetOf(a) - index.offsetOf(b));
}

/** @param entries in pack order */
export function* packRanges(index: BlobIndex, entries: Uint32Array<ArrayBuffer>): Generator<PackRange, void, undefined> {
  let first = 0;
  let end = 0;
  for (const [at, entry] of entries.entries()) {
    const offset = index.offsetOf(entry);
    const entryEnd = offset + index.lengthOf(entry);
    if (at > first) {
      const start = entries[first] ?? entry;
      const isNear = index.packOf(start) === index.packOf(entry) && offset - end <= MAX_GAP_BYTES;
      if (!isNear || Math.max(end, entryEnd) - index.offsetOf(start) > MAX_RANGE_BYTES) {
        yield range(index, entries.slice(first, at), end);
        first = at;
        end = 0;
      }
    }
    end = Math.max(end, entryEnd);
  }
  if (first < entries.length) yield range(index, entries.slice(first), end);
}

function range(index: BlobIndex, entries: Uint32Array<ArrayBuffer>, end: number): PackRange {
  const [start = 0] = entries;
  const offset = index.offsetOf(start);
  return { pack: index.packOf(start), offset, length: end - offset, entries };
}
