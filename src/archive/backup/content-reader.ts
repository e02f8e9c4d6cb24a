/** Cuts what is read from a file descriptor into blobs and stores them. Synchronous; one for each reading thread. */
import { readSync } from "node:fs";
import type { BlobPacker } from "../../repository/blob-packer.ts";
import type { Chunker } from "../../repository/chunker/chunker.ts";

export interface ContentRange {
  /** Where to begin; undefined: where the descriptor stands, for what cannot be sought, as a pipe. */
  readonly from: number | undefined;
  /** Nothing from here on is read; Infinity: until the end. */
  readonly to: number;
  /** For files with holes: where the next data begins at or after `offset`, `to` if there is none. Holes are not read then. */
  readonly nextData?: ((offset: number) => number) | undefined;
}

export interface Content {
  /** Ids of the blobs, 32 bytes each; valid until the next read(). */
  readonly ids: Uint8Array;
  readonly bytes: number;
  /** How often the file was read from: what came with one call is of one moment. */
  readonly reads: number;
}

const ID_BYTES = 32;
const POLL_MS = 5;
/** A chunk's mean: long enough that a call costs nothing, and what was read is still in the processor's cache when it is hashed. */
const READ_BYTES = 1 << 20;
const ZEROS = Buffer.alloc(READ_BYTES);
/** What a chunker's buffer holds: the longest chunk, one read, and one more so that little has to be moved. */
export const CHUNKER_BUFFER_BYTES: number = 10 << 20;

export class ContentReader {
  readonly #chunker: Chunker;
  readonly #packer: BlobPacker;
  readonly #onBytes: (bytes: number) => void;
  #ids = new Uint8Array(64 * ID_BYTES);
  #idBytes = 0;
  /** How a run of zeros is cut. */
  #zeroChunk: { readonly bytes: number; id: Uint8Array | undefined } | undefined;

  constructor(chunker: Chunker, packer: BlobPacker, onBytes: (bytes: number) => void) {
    this.#chunker = chunker;
    this.#packer = packer;
    this.#onBytes = onBytes;
  }

  /** Throws what read(2) throws. Cuts depend on nothing before `from`: ranges of one file can be read by several threads. */
  read(fd: number, { from, to, nextData }: ContentRange): Content {
    const { buffer } = this.#chunker;
    /** In the file: where the next read begins. */
    let readAt = from ?? 0;
    /** In the buffer: where the next chunk begins, and where what was read ends. */
    let start = 0;
    let end = 0;
    /** In the buffer: from `start` up to here are zeros. */
    let zeroTo = 0;
    let reads = 0;
    let isEnd = readAt >= to;
    this.#idBytes = 0;
    for (;;) {
      const at = readAt - (end - start);
      const skipped = nextData === undefined || isEnd ? 0 : this.#addZeros(Math.min(nextData(at), to) - at);
      if (skipped > 0) {
        readAt = at + skipped;
        end = start;
        zeroTo = start;
        isEnd = readAt >= to;
      }
      zeroTo = zerosUntil(buffer, Math.max(zeroTo, start), end);
      const zeros = zeroTo - start >= this.#chunker.minBytes ? this.#addZeros(zeroTo - start) : 0;
      if (zeros > 0) {
        start += zeros;
        continue;
      }
      // More zeros may come, which need not be searched for a cut.
      const isUndecided = zeroTo === end && zeroTo - start >= this.#chunker.minBytes && !isEnd;
      const length = isUndecided ? 0 : this.#chunker.next(start, end, isEnd);
      if (length > 0) {
        this.#add(buffer.subarray(start, start + length));
        start += length;
        continue;
      }
      if (isEnd) return { ids: this.#ids.subarray(0, this.#idBytes), bytes: readAt - (from ?? 0), reads };
      if (start > 0 && end + READ_BYTES > buffer.length) {
        buffer.copyWithin(0, start, end);
        end -= start;
        zeroTo -= start;
        start = 0;
      }
      const wanted = Math.min(READ_BYTES, buffer.length - end, to - readAt);
      const got = from === undefined ? readOn(fd, buffer, end, wanted) : readSync(fd, buffer, end, wanted, readAt);
      reads++;
      end += got;
      readAt += got;
      isEnd = got === 0 || readAt >= to;
    }
  }

  #add(chunk: Uint8Array): void {
    const id = this.#nextId();
    this.#packer.add(chunk, this.#ids, id);
    this.#onBytes(chunk.length);
  }

  /** Stores as many whole chunks as fit into a run of zeros that a chunk begins with, and gives their length. */
  #addZeros(zeroBytes: number): number {
    if (zeroBytes < this.#chunker.minBytes) return 0;
    this.#zeroChunk ??= { bytes: this.#withZeros((zeros) => this.#chunker.next(0, zeros.length, true)), id: undefined };
    const { bytes } = this.#zeroChunk;
    const chunks = Math.floor(zeroBytes / bytes);
    for (let chunk = 0; chunk < chunks; chunk++) {
      this.#zeroChunk.id ??= this.#storeZeros(bytes);
      const at = this.#nextId();
      this.#ids.set(this.#zeroChunk.id, at);
      this.#onBytes(bytes);
    }
    return chunks * bytes;
  }

  #storeZeros(bytes: number): Uint8Array {
    const id = new Uint8Array(ID_BYTES);
    this.#withZeros((zeros) => this.#packer.add(zeros.subarray(0, bytes), id, 0));
    return id;
  }

  /** As many zeros as the longest chunk has, in the chunker's memory, whose data is put back. */
  #withZeros<T>(work: (zeros: Uint8Array) => T): T {
    const { buffer, maxBytes } = this.#chunker;
    const kept = buffer.slice(0, maxBytes);
    const result = work(buffer.subarray(0, maxBytes).fill(0));
    buffer.set(kept);
    // It would wait for a garbage collection.
    kept.buffer.transfer(0);
    return result;
  }

  /** Makes room for one more id. */
  #nextId(): number {
    if (this.#idBytes === this.#ids.length) {
      const ids = new Uint8Array(2 * this.#ids.length);
      ids.set(this.#ids);
      this.#ids = ids;
    }
    this.#idBytes += ID_BYTES;
    return this.#idBytes - ID_BYTES;
  }
}

/** Up to where a run of zeros goes on from `from`, to the nearest of some steps. Nearly always decided by the first byte. */
function zerosUntil(buffer: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && buffer[at] === 0) {
    const step = Math.min(READ_BYTES, to - at);
    if (!ZEROS.subarray(0, step).equals(buffer.subarray(at, at + step))) break;
    at += step;
  }
  return at;
}

/** Waits where another process made the descriptor one that does not. */
function readOn(fd: number, buffer: Uint8Array, at: number, length: number): number {
  for (;;) {
    try {
      return readSync(fd, buffer, at, length, null);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
    }
  }
}
