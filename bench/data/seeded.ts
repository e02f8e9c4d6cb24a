/** Reproducible randomness: the same seed and label give the same bytes on every machine. */
import { type Cipheriv, createCipheriv, createHash } from "node:crypto";

const POOL_BYTES = 64 * 1024;

/** A stream of random bytes and numbers: the keystream of AES-256-CTR under a key made of seed and label. */
export class Seeded {
  readonly #seed: string;
  readonly #keystream: Cipheriv;
  readonly #zeros = Buffer.alloc(POOL_BYTES);
  #pool: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(seed: string) {
    this.#seed = seed;
    this.#keystream = createCipheriv("aes-256-ctr", createHash("sha256").update(seed).digest(), Buffer.alloc(16));
  }

  /** An independent stream: what is drawn from one does not move the other. */
  fork(label: string): Seeded {
    return new Seeded(`${this.#seed}/${label}`);
  }

  bytes(length: number): Buffer {
    return this.#keystream.update(Buffer.alloc(length));
  }

  uint32(): number {
    if (this.#at + 4 > this.#pool.length) {
      this.#pool = this.#keystream.update(this.#zeros);
      this.#at = 0;
    }
    const value = this.#pool.readUInt32LE(this.#at);
    this.#at += 4;
    return value;
  }

  /** From 0 up to, not including, 1. */
  fraction(): number {
    return this.uint32() / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.between(0, choices.length - 1)] ?? choices[0];
  }

  /** Lower-case hex digits, eight for each `words`. */
  hex(words: number): string {
    let text = "";
    for (let word = 0; word < words; word++) text += this.uint32().toString(16).padStart(8, "0");
    return text;
  }
}
