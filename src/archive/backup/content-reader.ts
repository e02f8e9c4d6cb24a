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
/** What a chunker's buffer holds: the longest chunk, one read, and one more so that little has to be moved. */
export const CHUNKER_BUFFER_BYTES: number = 10 << 20;

export class ContentReader {
  readonly #chunker: Chunker;
  readonly #packer: BlobPacker;
  readonly #onBytes: (bytes: number) => void;
  #ids = new Uint8Array(64 * ID_BYTES);
  #idBytes = 0;
  /** How a run of zeros is cut; 0: not known yet. */
  #zeroChunkBytes = 0;
  readonly #zeroId = new Uint8Array(ID_BYTES);

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
    let reads = 0;
    let isEnd = readAt >= to;
    this.#idBytes = 0;
    for (;;) {
      const at = readAt - (end - start);
      const skipped = nextData === undefined || isEnd ? 0 : this.#skipHole(Math.min(nextData(at), to) - at);
      if (skipped > 0) {
        readAt = at + skipped;
        end = start;
        isEnd = readAt >= to;
      }
      const length = this.#chunker.next(start, end, isEnd);
      if (length > 0) {
        this.#add(buffer.subarray(start, start + length));
        start += length;
        continue;
      }
      if (isEnd) return { ids: this.#ids.subarray(0, this.#idBytes), bytes: readAt - (from ?? 0), reads };
      if (start > 0 && end + READ_BYTES > buffer.length) {
        buffer.copyWithin(0, start, end);
        end -= start;
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

  /** Stores as many whole chunks as fit into a hole, and gives their length. */
  #skipHole(holeBytes: number): number {
    if (holeBytes < this.#chunker.minBytes) return 0;
    if (this.#zeroChunkBytes === 0) this.#learnZeroChunk();
    const chunks = Math.floor(holeBytes / this.#zeroChunkBytes);
    for (let chunk = 0; chunk < chunks; chunk++) {
      const id = this.#nextId();
      this.#ids.set(this.#zeroId, id);
      this.#onBytes(this.#zeroChunkBytes);
    }
    return chunks * this.#zeroChunkBytes;
  }

  /** In the chunker's memory, whose data is put back. */
  #learnZeroChunk(): void {
    const { buffer, maxBytes } = this.#chunker;
    const kept = buffer.slice(0, maxBytes);
    buffer.fill(0, 0, maxBytes);
    this.#zeroChunkBytes = this.#chunker.next(0, maxBytes, true);
    this.#packer.add(buffer.subarray(0, this.#zeroChunkBytes), this.#zeroId, 0);
    buffer.set(kept);
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
