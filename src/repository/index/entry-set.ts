/** A set of entries of a BlobIndex in shared memory, one bit each, that threads add to at the same time. */
import type { BlobIndex } from "./blob-index.ts";

const WORD_BITS = 32;
const WORD_BYTES = Int32Array.BYTES_PER_ELEMENT;

export class EntrySet {
  /** What another thread needs to attach; can be posted to it. */
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;

  private constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.#words = new Int32Array(shared);
  }

  /** For entries below the limit. */
  static create(limit: number): EntrySet {
    return new EntrySet(new SharedArrayBuffer(Math.ceil(limit / WORD_BITS) * WORD_BYTES));
  }

  static attach(shared: SharedArrayBuffer): EntrySet {
    return new EntrySet(shared);
  }

  /** Whether the entry was not in the set: true for exactly one caller of all threads. */
  add(entry: number): boolean {
    const bit = 1 << (entry % WORD_BITS);
    if (this.has(entry)) return false;
    return (Atomics.or(this.#words, Math.floor(entry / WORD_BITS), bit) & bit) === 0;
  }

  delete(entry: number): void {
    Atomics.and(this.#words, Math.floor(entry / WORD_BITS), ~(1 << (entry % WORD_BITS)));
  }

  has(entry: number): boolean {
    return ((this.#words[Math.floor(entry / WORD_BITS)] ?? 0) & (1 << (entry % WORD_BITS))) !== 0;
  }
}

/** The lowest number that is above all entries. */
export function entryLimit(index: BlobIndex): number {
  let last = 0;
  for (const entry of index.entries()) last = entry;
  return last + 1;
}

/** The lowest number that is above all packs. */
export function packLimit(index: BlobIndex): number {
  let last = 0;
  for (const pack of index.packs()) last = pack;
  return last + 1;
}
