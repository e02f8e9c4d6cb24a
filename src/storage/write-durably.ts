/**
 * Writes a file so that it is on the disk when the promise resolves. Large ones go past the page cache where the file system allows it: what a
 * backup writes is not read again soon, and waiting for the cache to be flushed takes several times as long.
 */
import { constants } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { pageAligned } from "../base/page-aligned.ts";
import { Semaphore } from "../base/semaphore.ts";

/** From this length on it pays. */
const DIRECT_MIN_BYTES = 1 << 20;
/** What memory, place and length of a direct write are multiples of, on all file systems that are in use. */
const BLOCK_BYTES = 4096;
const PIECE_BYTES = 4 << 20;
/** More at a time make no disk faster, and each takes memory for a piece. */
const MAX_DIRECT_WRITES = 2;

/** The path must not exist. @param mode permissions of the new file */
export async function writeDurably(path: string, body: Uint8Array, mode: number): Promise<void> {
  const directBytes = body.length < DIRECT_MIN_BYTES ? 0 : await writeDirectly(path, body, mode);
  const flags = directBytes === 0 ? constants.O_WRONLY | constants.O_CREAT : constants.O_WRONLY;
  await using file = await open(path, directBytes === 0 ? flags | constants.O_EXCL : flags, mode);
  await writeAll(file, body.subarray(directBytes), directBytes);
  await file.sync();
}

/** Writes whole blocks, and gives how many bytes they are; 0, and no file, where there are no direct writes. */
async function writeDirectly(path: string, body: Uint8Array, mode: number): Promise<number> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_DIRECT } = constants;
  const whole = body.length - (body.length % BLOCK_BYTES);
  try {
    using _turn = await directWrites.acquire();
    await using file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_DIRECT, mode);
    using piece = takePiece();
    for (let at = 0; at < whole; at += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, whole - at);
      piece.bytes.set(body.subarray(at, at + length));
      await writeAll(file, piece.bytes.subarray(0, length), at);
    }
    return whole;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
    await rm(path, { force: true });
    return 0;
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

interface Piece extends Disposable {
  readonly bytes: Uint8Array;
}

const directWrites = new Semaphore(MAX_DIRECT_WRITES);
/** Not in use now. */
const freePieces: Uint8Array[] = [];

function takePiece(): Piece {
  const bytes = freePieces.pop() ?? pageAligned(PIECE_BYTES);
  return { bytes, [Symbol.dispose]: () => void freePieces.push(bytes) };
}
