/** A disk image that is mostly hole. */
import { closeSync, constants, ftruncateSync, openSync, writeSync } from "node:fs";
import { type Seeded } from "./seeded.ts";
import { GIB, KIB, MIB } from "./sizes.ts";

const IMAGE_BYTES = 1_024 * GIB;

const EXTENT_BYTES = 32 * MIB;
/** Extents lie together, as file systems allocate: so many in the same region. */
const REGION_BYTES = GIB;
const EXTENTS_IN_REGION = 8;
const BLOCK_BYTES = 4 * KIB;
/** The rest of each block is zeros, so that blocks compress to a third. */
const FILLED_BLOCK_BYTES = 1_365;

/** Writes extents of 32 MiB until `writtenBytes` of the image are written. An image that exists is changed in place. */
export function writeImage(random: Seeded, path: string, writtenBytes: number): void {
  const image = openSync(path, constants.O_RDWR | constants.O_CREAT);
  try {
    ftruncateSync(image, IMAGE_BYTES);
    const taken = new Set<number>();
    let region = 0;
    while (taken.size * EXTENT_BYTES < writtenBytes) {
      if (taken.size % EXTENTS_IN_REGION === 0) region = random.between(0, IMAGE_BYTES / REGION_BYTES - 1) * REGION_BYTES;
      const at = region + random.between(0, REGION_BYTES / EXTENT_BYTES - 1) * EXTENT_BYTES;
      if (taken.has(at)) continue;
      taken.add(at);
      writeSync(image, makeBlocks(random), 0, EXTENT_BYTES, at);
    }
  } finally {
    closeSync(image);
  }
}

function makeBlocks(random: Seeded): Buffer {
  const blocks = random.bytes(EXTENT_BYTES);
  for (let at = 0; at < EXTENT_BYTES; at += BLOCK_BYTES) blocks.fill(0, at + FILLED_BLOCK_BYTES, at + BLOCK_BYTES);
  return blocks;
}
