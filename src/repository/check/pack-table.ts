/** What an index says of each pack as a whole. */
import { SEAL_OVERHEAD } from "../format/cipher.ts";
import { MAX_PACK_ENTRY_BYTES, PACK_TRAILER_BYTES } from "../format/pack-header.ts";
import type { BlobIndex } from "../index/blob-index.ts";

/** By number of the pack, as BlobIndex gives them. */
export interface PackTable {
  /** Length of the file that holds the pack's blobs and nothing else. */
  readonly bytes: Float64Array<ArrayBuffer>;
  readonly blobs: Uint32Array<ArrayBuffer>;
  /** Where its trees lie: from the first to the end of the last; both 0 without any. */
  readonly treesFrom: Float64Array<ArrayBuffer>;
  readonly treesTo: Float64Array<ArrayBuffer>;
  /** The highest number of an entry. */
  readonly lastEntry: number;
}

/** What a header says less of a blob that is not compressed. */
const UNCOMPRESSED_LENGTH_BYTES = 4;

/** No thread may be inserting meanwhile. */
export function tableOfPacks(index: BlobIndex): PackTable {
  let lastPack = 0;
  for (const pack of index.packs()) lastPack = pack;
  const bytes = new Float64Array(lastPack + 1).fill(SEAL_OVERHEAD + PACK_TRAILER_BYTES);
  const blobs = new Uint32Array(lastPack + 1);
  const treesFrom = new Float64Array(lastPack + 1);
  const treesTo = new Float64Array(lastPack + 1);
  let lastEntry = 0;
  for (const entry of index.entries()) {
    const pack = index.packOf(entry);
    const length = index.lengthOf(entry);
    const headerBytes = MAX_PACK_ENTRY_BYTES - (index.uncompressedLengthOf(entry) === 0 ? UNCOMPRESSED_LENGTH_BYTES : 0);
    bytes[pack] = (bytes[pack] ?? 0) + length + headerBytes;
    blobs[pack] = (blobs[pack] ?? 0) + 1;
    lastEntry = entry;
    if (index.typeOf(entry) !== "tree") continue;
    const from = index.offsetOf(entry);
    const to = from + length;
    const hasTrees = treesTo[pack] !== 0;
    treesFrom[pack] = hasTrees ? Math.min(treesFrom[pack] ?? 0, from) : from;
    treesTo[pack] = Math.max(treesTo[pack] ?? 0, to);
  }
  return { bytes, blobs, treesFrom, treesTo, lastEntry };
}
