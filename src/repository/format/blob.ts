/** Blobs: the pieces that packs hold, named by the SHA-256 of their content. */
import { SEAL_OVERHEAD } from "./cipher.ts";
import { REPOSITORY_LIMITS } from "./limits.ts";

/** Content of files, or lists of the nodes of one folder. Both kinds may have a blob of the same id. */
export type BlobType = "data" | "tree";

/** zstd's frame around content that does not shrink is longer than it by less than this share and these bytes. */
const FRAME_SHARE = 1 / 128;
const FRAME_BYTES = 1_024;

/**
 * Checks the lengths that an index or a pack header gives for a blob, before anything is allocated for it.
 *
 * @param length - as sealed in its pack
 * @param uncompressedLength - undefined for a blob that is stored as it is
 * @returns what is wrong with them, undefined if nothing is
 */
export function blobLengthFault(type: BlobType, length: number, uncompressedLength: number | undefined): string | undefined {
  const limit = type === "data" ? REPOSITORY_LIMITS.dataBlobBytes : REPOSITORY_LIMITS.treeBlobBytes;
  const stored = length - SEAL_OVERHEAD;
  const plain = uncompressedLength ?? stored;
  if (stored <= 0 || plain <= 0) return `a blob of ${Math.max(stored, 0)} bytes`;
  if (plain > limit || stored > limit * (1 + FRAME_SHARE) + FRAME_BYTES) return `a ${type} blob of more than ${limit} bytes`;
  return undefined;
}
