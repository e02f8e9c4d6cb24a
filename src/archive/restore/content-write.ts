/**
 * Writes content into new files: holes where it is zeros, and long runs past the page cache where that can be had. What is restored is not read
 * again soon, and a page of the cache costs many times what the disk's own access to memory does.
 */
import { constants, openSync, writeSync } from "node:fs";
import { codeOf } from "./attributes.ts";

/** The unit of most file systems: shorter runs of zeros would take their place on the disk, and direct writes are in multiples of it. */
export const BLOCK_BYTES = 4096;
/** For less, the way to the disk and back takes longer than the page cache does. */
export const DIRECT_MIN_BYTES: number = 512 << 10;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

export interface FileHandles {
  readonly fd: number;
  /** A second one, whose writes go past the page cache. */
  readonly direct: number | undefined;
}

/** Undefined where the file system has no such thing, or there are no more handles. */
export function openDirectly(fd: number): number | undefined {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_DIRECT);
  } catch (error) {
    if (codeOf(error) === "") throw error;
    return undefined;
  }
}

/** @param at in the file */
export function writeContent(file: FileHandles, content: Uint8Array, at: number): void {
  const head = (BLOCK_BYTES - (at % BLOCK_BYTES)) % BLOCK_BYTES;
  const blocks = content.length - head - ((at + content.length) % BLOCK_BYTES);
  if (file.direct === undefined || blocks < DIRECT_MIN_BYTES) {
    writeAll(file.fd, content, at);
    return;
  }
  // No block is written both ways, by whoever writes what is before and behind this.
  writeAll(file.fd, content.subarray(0, head), at);
  const tail = head + writeDirectly(file.direct, content.subarray(head, head + blocks), at + head);
  writeAll(file.fd, content.subarray(tail), at + tail);
}

/**
 * Where nothing was written before, a file reads as zeros, so only what is not zero is written; who calls sets the length.
 *
 * @param at in the file
 */
export function writeSparse(file: FileHandles, content: Uint8Array, at: number): void {
  let from = 0;
  // Blocks of the file, not of the content.
  let block = (BLOCK_BYTES - (at % BLOCK_BYTES)) % BLOCK_BYTES;
  for (; block + BLOCK_BYTES <= content.length; block += BLOCK_BYTES) {
    if (!isZero(content, block)) continue;
    if (block > from) writeContent(file, content.subarray(from, block), at + from);
    do block += BLOCK_BYTES;
    while (block + BLOCK_BYTES <= content.length && isZero(content, block));
    from = block;
  }
  if (from < content.length) writeContent(file, content.subarray(from), at + from);
}

function writeAll(fd: number, content: Uint8Array, at: number): void {
  for (let from = 0; from < content.length;) from += writeSync(fd, content, from, content.length - from, at + from);
}

/** Gives how many bytes it wrote: none if the file system or the memory is not made for it. */
function writeDirectly(fd: number, blocks: Uint8Array, at: number): number {
  try {
    return writeSync(fd, blocks, 0, blocks.length, at);
  } catch (error) {
    if (codeOf(error) !== "EINVAL") throw error;
    return 0;
  }
}

function isZero(content: Uint8Array, at: number): boolean {
  // Nearly always decided by the ends.
  return content[at] === 0 && content[at + BLOCK_BYTES - 1] === 0 && ZEROS.equals(content.subarray(at, at + BLOCK_BYTES));
}
