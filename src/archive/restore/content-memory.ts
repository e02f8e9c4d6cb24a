/** The content of one blob at a time, placed so that it can be written past the page cache wherever in a file it belongs. */
import { pageAligned } from "../../base/page-aligned.ts";
import { BLOCK_BYTES } from "./content-write.ts";

/** What the chunkers give at most; longer blobs come from elsewhere, and are written through the page cache. */
const USUAL_BLOB_BYTES = 8 << 20;

export class ContentMemory {
  readonly #usual = pageAligned(BLOCK_BYTES + USUAL_BLOB_BYTES);
  #memory = this.#usual;
  #from = 0;
  #length = 0;

  /** Room for the next blob, which ends the last one. @param at where in a file it goes first */
  room(length: number, at: number): Uint8Array {
    this.#memory = length <= USUAL_BLOB_BYTES ? this.#usual : new Uint8Array(BLOCK_BYTES + length);
    this.#from = at % BLOCK_BYTES;
    this.#length = length;
    return this.#memory.subarray(this.#from, this.#from + length);
  }

  /** The content for a place in a file: direct writes want both at the same place in a block. Valid until the next call. */
  placedFor(at: number): Uint8Array {
    const from = at % BLOCK_BYTES;
    if (from !== this.#from) this.#memory.copyWithin(from, this.#from, this.#from + this.#length);
    this.#from = from;
    return this.#memory.subarray(from, from + this.#length);
  }
}
