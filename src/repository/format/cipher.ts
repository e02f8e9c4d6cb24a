/**
 * How restic seals everything it stores: nonce 16 ‖ AES-256-CTR of the data ‖ Poly1305-AES tag 16 of the ciphertext.
 *
 * The tag's one-time key is r ‖ AES-128(k, nonce). It authenticates, but does not bind a place: what was sealed for one
 * object opens as another, so callers compare the id of what they opened.
 */
import { randomFillSync, timingSafeEqual } from "node:crypto";
import { DomainError } from "../../base/errors.ts";
import { AES_BLOCK_BYTES, POLY1305_BYTES, POLY1305_KEY_BYTES } from "../../native/lengths.ts";
import { primitives } from "../../native/primitives.ts";

export interface MasterKey {
  /** 32 bytes. */
  readonly encryption: Uint8Array;
  /** 16 bytes: AES-128 key that makes the second half of Poly1305's key out of the nonce. */
  readonly macK: Uint8Array;
  /** 16 bytes: the first half of Poly1305's key. */
  readonly macR: Uint8Array;
}

const NONCE_BYTES = AES_BLOCK_BYTES;
/** Bytes that sealing adds. */
export const SEAL_OVERHEAD: number = NONCE_BYTES + POLY1305_BYTES;
/** Nonces are drawn, and their tag keys made, this many at a time. */
const NONCE_POOL_BYTES = 256 * NONCE_BYTES;

/** Fills the given bytes at random. */
export type RandomFill = (target: Uint8Array) => void;

type AesBlocks = (input: Uint8Array, output: Uint8Array) => void;

/** Seals and opens with one master key. Belongs to the thread that made it. */
export class Cipher {
  readonly #ctr: (nonce: Uint8Array, input: Uint8Array, output: Uint8Array) => void;
  readonly #aes: AesBlocks;
  readonly #poly1305Into: (key: Uint8Array, data: Uint8Array, target: Uint8Array, at: number) => void;
  readonly #nonces: NonceSource;
  /** Poly1305's key: r, and behind it the place of AES(k, nonce). */
  readonly #tagKey = new Uint8Array(POLY1305_KEY_BYTES);
  readonly #pad = this.#tagKey.subarray(AES_BLOCK_BYTES);
  readonly #tag = new Uint8Array(POLY1305_BYTES);

  constructor(key: MasterKey, randomFill: RandomFill = randomFillSync) {
    const { ctrCipher, aesBlocks, poly1305Into } = primitives();
    this.#ctr = ctrCipher(key.encryption);
    this.#aes = aesBlocks(key.macK);
    this.#poly1305Into = poly1305Into;
    this.#tagKey.set(key.macR);
    this.#nonces = new NonceSource(randomFill, this.#aes);
  }

  seal(plain: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(plain.length + SEAL_OVERHEAD);
    this.sealInto(plain, sealed, 0);
    return sealed;
  }

  /**
   * Seals into `target` from `at` on. `plain` may lie where the ciphertext goes, 16 bytes behind `at`.
   *
   * @returns bytes written: the length of `plain` and SEAL_OVERHEAD
   */
  sealInto(plain: Uint8Array, target: Uint8Array, at: number): number {
    const nonce = target.subarray(at, at + NONCE_BYTES);
    const ciphertext = target.subarray(at + NONCE_BYTES, at + NONCE_BYTES + plain.length);
    this.#nonces.nextInto(nonce, this.#pad);
    this.#ctr(nonce, plain, ciphertext);
    this.#poly1305Into(this.#tagKey, ciphertext, target, at + NONCE_BYTES + plain.length);
    return plain.length + SEAL_OVERHEAD;
  }

  /** @throws {DomainError} corrupt/unauthentic: sealed with another key, changed, cut short, or an all-zero nonce */
  open(sealed: Uint8Array): Uint8Array {
    const plain = new Uint8Array(Math.max(sealed.length - SEAL_OVERHEAD, 0));
    this.openInto(sealed, plain);
    return plain;
  }

  /**
   * Opens into the start of `target`, which must hold SEAL_OVERHEAD bytes less than `sealed`. Nothing is written before
   * the tag is verified.
   *
   * @returns bytes written
   * @throws {DomainError} corrupt/unauthentic: sealed with another key, changed, cut short, or an all-zero nonce
   */
  openInto(sealed: Uint8Array, target: Uint8Array): number {
    const length = sealed.length - SEAL_OVERHEAD;
    if (length < 0) throw unauthentic("it is shorter than its seal");
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const ciphertext = sealed.subarray(NONCE_BYTES, NONCE_BYTES + length);
    if (isZero(nonce)) throw unauthentic("its nonce is zero");
    if (!this.isAuthentic(sealed)) throw unauthentic("its tag is of another key or content");
    this.#ctr(nonce, ciphertext, target.subarray(0, length));
    return length;
  }

  /** Whether it is as it was sealed with this key. */
  isAuthentic(sealed: Uint8Array): boolean {
    const tagAt = sealed.length - POLY1305_BYTES;
    if (tagAt < NONCE_BYTES) return false;
    this.#aes(sealed.subarray(0, NONCE_BYTES), this.#pad);
    this.#poly1305Into(this.#tagKey, sealed.subarray(NONCE_BYTES, tagAt), this.#tag, 0);
    return timingSafeEqual(this.#tag, sealed.subarray(tagAt));
  }
}

/** Random nonces, none of them zero since restic refuses that one, each with its AES(k, nonce). */
class NonceSource {
  readonly #fill: RandomFill;
  readonly #aes: AesBlocks;
  readonly #nonces = new Uint8Array(NONCE_POOL_BYTES);
  readonly #pads = new Uint8Array(NONCE_POOL_BYTES);
  #at = NONCE_POOL_BYTES;

  constructor(fill: RandomFill, aes: AesBlocks) {
    this.#fill = fill;
    this.#aes = aes;
  }

  nextInto(nonce: Uint8Array, pad: Uint8Array): void {
    do {
      if (this.#at === NONCE_POOL_BYTES) this.#refill();
      // For so few bytes a view costs more than the copy.
      for (let i = 0; i < NONCE_BYTES; i++) {
        nonce[i] = this.#nonces[this.#at + i] ?? 0;
        pad[i] = this.#pads[this.#at + i] ?? 0;
      }
      this.#at += NONCE_BYTES;
    } while (isZero(nonce));
  }

  #refill(): void {
    this.#fill(this.#nonces);
    this.#aes(this.#nonces, this.#pads);
    this.#at = 0;
  }
}

function isZero(nonce: Uint8Array): boolean {
  for (let i = 0; i < NONCE_BYTES; i++) if (nonce[i] !== 0) return false;
  return true;
}

function unauthentic(state: string): DomainError {
  return new DomainError("corrupt", "unauthentic", `Cannot open sealed data: ${state}`);
}
