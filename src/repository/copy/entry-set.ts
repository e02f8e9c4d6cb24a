/** A set of entries of an index: one bit for each, so that millions take little. */

const FIRST_BYTES = 64 << 10;

export class EntrySet {
  #bits = new Uint8Array(FIRST_BYTES);

  /** Whether it was not in the set. */
  add(entry: number): boolean {
    const at = entry >>> 3;
    if (at >= this.#bits.length) this.#grow(at + 1);
    const bits = this.#bits[at] ?? 0;
    const mask = 1 << (entry & 7);
    this.#bits[at] = bits | mask;
    return (bits & mask) === 0;
  }

  delete(entry: number): void {
    const at = entry >>> 3;
    this.#bits[at] = (this.#bits[at] ?? 0) & ~(1 << (entry & 7));
  }

  #grow(bytes: number): void {
    const longer = new Uint8Array(Math.max(2 * this.#bits.length, bytes));
    longer.set(this.#bits);
    this.#bits = longer;
  }
}
