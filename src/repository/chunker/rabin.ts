/**
 * restic's cuts, the same in all its versions. A chunk ends where the fingerprint of its last 64 bytes, taken as a polynomial over
 * GF(2) modulo the repository's own one, has 20 zero bits at its end, for the first length of at least 512 KiB, else at 8 MiB.
 */
import { CHUNKER_DEGREE } from "../format/polynomial.ts";
import { WINDOW_BYTES } from "./scanner.ts";

export const RABIN_MIN_BYTES: number = 512 * 1_024;
export const RABIN_MAX_BYTES: number = 8 * 1_024 * 1_024;
export const RABIN_MASK: bigint = 2n ** 20n - 1n;

const DEGREE = BigInt(CHUNKER_DEGREE);

export interface RabinTables {
  /** By the byte above the fingerprint, once that is shifted for the next one: what takes it away and adds what it is congruent to. */
  readonly reduce: BigUint64Array;
  /** By the byte that leaves the window: what it has become. */
  readonly leave: BigUint64Array;
}

/** Throws RangeError for a polynomial of another degree than 53. */
export function rabinTables(polynomial: bigint): RabinTables {
  if (polynomial >> DEGREE !== 1n) throw new RangeError("Cannot cut: the polynomial is not of degree 53");
  const table = (of: (byte: bigint) => bigint) => BigUint64Array.from({ length: 256 }, (_, byte) => of(BigInt(byte)));
  return {
    reduce: table((byte) => (byte << DEGREE) | timesPowerOfX(byte, CHUNKER_DEGREE, polynomial)),
    leave: table((byte) => timesPowerOfX(byte, 8 * WINDOW_BYTES, polynomial)),
  };
}

/** value · x^exponent modulo the polynomial. */
function timesPowerOfX(value: bigint, exponent: number, polynomial: bigint): bigint {
  let rest = value;
  for (let i = 0; i < exponent; i++) {
    rest <<= 1n;
    if (rest >> DEGREE !== 0n) rest ^= polynomial;
  }
  return rest;
}
