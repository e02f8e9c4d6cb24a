/** A file that comes piece by piece, as from a command, cut into blobs as files on a disk are. No more of it is in memory than the longest chunk. */
import type { HexId } from "../base/ids.ts";
import type { Chunker } from "../repository/chunker/chunker.ts";

export interface MadeContent {
  readonly ids: readonly HexId[];
  readonly bytes: number;
}

export interface MadeStreamParts {
  readonly chunker: Chunker;
  /** Stores a blob, which is gone from its memory afterwards. */
  readonly store: (blob: Uint8Array) => HexId;
  /** Resolves when memory is free for more. */
  readonly room: () => Promise<void>;
}

export class MadeStream {
  readonly #parts: MadeStreamParts;
  readonly #ids: HexId[] = [];
  /** In the chunker's buffer: what is not yet cut ends here. */
  #end = 0;
  #bytes = 0;

  constructor(parts: MadeStreamParts) {
    this.#parts = parts;
  }

  async write(piece: Uint8Array): Promise<void> {
    const { chunker, room } = this.#parts;
    for (let at = 0; at < piece.length;) {
      const part = piece.subarray(at, at + chunker.buffer.length - this.#end);
      chunker.buffer.set(part, this.#end);
      this.#end += part.length;
      at += part.length;
      this.#cut(false);
      await room();
    }
    this.#bytes += piece.length;
  }

  /** Nothing follows. */
  finish(): MadeContent {
    this.#cut(true);
    return { ids: this.#ids, bytes: this.#bytes };
  }

  #cut(isEnd: boolean): void {
    const { chunker, store } = this.#parts;
    const { buffer } = chunker;
    let start = 0;
    for (let length = chunker.next(start, this.#end, isEnd); length > 0; length = chunker.next(start, this.#end, isEnd)) {
      this.#ids.push(store(buffer.subarray(start, start + length)));
      start += length;
    }
    buffer.copyWithin(0, start, this.#end);
    this.#end -= start;
  }
}
