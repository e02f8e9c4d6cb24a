/** Writes content into a new file, leaving holes where it is zeros. */
import { writeSync } from "node:fs";

/** The unit of most file systems: shorter runs of zeros would take their place on the disk all the same. */
const BLOCK_BYTES = 4096;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

/**
 * Where nothing was written before, a file reads as zeros, so only what is not zero is written; who calls sets the length.
 *
 * @param at in the file
 */
export function writeSparse(fd: number, content: Uint8Array, at: number): void {
  let from = 0;
  // Blocks of the file, not of the content.
  let block = (BLOCK_BYTES - (at % BLOCK_BYTES)) % BLOCK_BYTES;
  for (; block + BLOCK_BYTES <= content.length; block += BLOCK_BYTES) {
    if (!isZero(content, block)) continue;
    if (block > from) writeAll(fd, content.subarray(from, block), at + from);
    do block += BLOCK_BYTES;
    while (block + BLOCK_BYTES <= content.length && isZero(content, block));
    from = block;
  }
  if (from < content.length) writeAll(fd, content.subarray(from), at + from);
}

export function writeAll(fd: number, content: Uint8Array, at: number): void {
  for (let from = 0; from < content.length;) from += writeSync(fd, content, from, content.length - from, at + from);
}

function isZero(content: Uint8Array, at: number): boolean {
  // Nearly always decided by the ends.
  return content[at] === 0 && content[at + BLOCK_BYTES - 1] === 0 && ZEROS.equals(content.subarray(at, at + BLOCK_BYTES));
}
