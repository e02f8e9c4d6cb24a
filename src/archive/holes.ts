/** Holes of sparse files, which need not be read. */
import { fileCalls, type FileStat } from "../native/files.ts";

/** Unit of st_blocks, stat(2). */
const BLOCK_BYTES = 512;

/**
 * For a file that has holes: gives where the next data begins at or after an offset, `to` if there is none before it. Undefined for a
 * file without holes.
 */
export function nextDataIn(fd: number, stat: FileStat, to: number): ((offset: number) => number) | undefined {
  if (stat.blocks * BLOCK_BYTES >= stat.size) return undefined;
  const { nextData, nextHole } = fileCalls();
  let dataFrom = 0;
  let dataTo = 0;
  return (offset) => {
    if (offset >= dataTo) {
      dataFrom = nextData(fd, offset) ?? to;
      dataTo = dataFrom < to ? nextHole(fd, dataFrom) : to;
    }
    return Math.max(offset, dataFrom);
  };
}
