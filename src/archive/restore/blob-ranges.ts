/** Which parts of which packs are read for a set of blobs. */

/** Where a sealed blob lies. */
export interface BlobPlace {
  /** Number of the pack in the index. */
  readonly pack: number;
  readonly offset: number;
  readonly length: number;
}

export interface BlobRange<T extends BlobPlace> {
  readonly pack: number;
  readonly offset: number;
  readonly length: number;
  /** In the order of their offsets. */
  readonly blobs: readonly T[];
}

/** Long enough that a request costs little beside it, short enough that several threads have work and memory stays small. */
const RANGE_BYTES = 4 << 20;
/** What lies between two blobs and is not needed is read if it is no longer than this: a request costs more. */
const MAX_GAP_BYTES = 64 << 10;

/** Packs in the order in which they are first needed, each from its start to its end; no byte twice, unless blobs overlap. */
export function blobRanges<T extends BlobPlace>(blobs: Iterable<T>): BlobRange<T>[] {
  const packs = new Map<number, T[]>();
  for (const blob of blobs) packs.getOrInsertComputed(blob.pack, () => []).push(blob);
  return Array.from(packs.values()).flatMap(rangesOfPack);
}

function rangesOfPack<T extends BlobPlace>(blobs: readonly T[]): BlobRange<T>[] {
  const ranges: BlobRange<T>[] = [];
  let current: T[] = [];
  let from = 0;
  let to = 0;
  const finish = (): void => {
    const [first] = current;
    if (first !== undefined) ranges.push({ pack: first.pack, offset: from, length: to - from, blobs: current });
  };
  for (const blob of blobs.toSorted((a, b) => a.offset - b.offset)) {
    const end = Math.max(to, blob.offset + blob.length);
    if (current.length === 0 || blob.offset - to > MAX_GAP_BYTES || end - from > RANGE_BYTES) {
      finish();
      current = [];
      from = blob.offset;
      to = blob.offset + blob.length;
    } else to = end;
    current.push(blob);
  }
  finish();
  return ranges;
}
