/** A set of entries of a BlobIndex in shared memory: one bit for each, which threads set at the same time. */
const BITS = 32;

export class EntrySet {
  /** What another thread needs to attach; can be posted to it. */
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;

  private constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.#words = new Int32Array(shared);
  }

  /** @param entries no number of an entry is higher */
  static create(entries: number): EntrySet {
    return new EntrySet(new SharedArrayBuffer((Math.floor(entries / BITS) + 1) * Int32Array.BYTES_PER_ELEMENT));
  }

  static attach(shared: SharedArrayBuffer): EntrySet {
    return new EntrySet(shared);
  }

  /** Whether it was not in the set: true for exactly one caller of all threads. */
  add(entry: number): boolean {
    const bit = 1 << (entry % BITS);
    const word = Math.floor(entry / BITS);
    if ((Atomics.load(this.#words, word) & bit) !== 0) return false;
    return (Atomics.or(this.#words, word, bit) & bit) === 0;
  }

  has(entry: number): boolean {
    return (Atomics.load(this.#words, Math.floor(entry / BITS)) & (1 << (entry % BITS))) !== 0;
  }
}
