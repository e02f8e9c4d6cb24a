import { SEAL_OVERHEAD } from "../../repository/format/cipher.ts";
import type { BlobIndex } from "../../repository/index/blob-index.ts";

/** Bytes of a blob's content, as the index has it. */
export function plainLength(index: BlobIndex, entry: number): number {
  const uncompressed = index.uncompressedLengthOf(entry);
  return uncompressed === 0 ? Math.max(index.lengthOf(entry) - SEAL_OVERHEAD, 0) : uncompressed;
}
