/** Polynomials over GF(2), one bit a coefficient: restic's chunker divides by one that is random for each repository. */
import { randomBytes } from "node:crypto";
import type { RandomBytes } from "../../base/ids.ts";

/** The largest prime that leaves restic's 64-bit arithmetic 8 bits of room. */
export const CHUNKER_DEGREE = 53;
const CHUNKER_BYTES = 7;

/** Whether restic's chunker can use it: of degree 53, and irreducible, else content could be chosen that is never cut. */
export function isChunkerPolynomial(polynomial: bigint): boolean {
  return polynomial >= 0n && degree(polynomial) === CHUNKER_DEGREE && isIrreducible(polynomial);
}

/** About one in 27 of the candidates will do. */
export function randomChunkerPolynomial(random: RandomBytes = randomBytes): bigint {
  const always = (1n << BigInt(CHUNKER_DEGREE)) | 1n;
  for (;;) {
    const candidate = BigInt.asUintN(CHUNKER_DEGREE, BigInt(`0x${random(CHUNKER_BYTES).toHex()}`)) | always;
    if (isIrreducible(candidate)) return candidate;
  }
}

/** Ben-Or's test: no factor of degree i up to the half, as each such factor divides x^(2^i) - x. */
function isIrreducible(polynomial: bigint): boolean {
  const half = Math.floor(degree(polynomial) / 2);
  let power = 2n; // x
  for (let i = 1; i <= half; i++) {
    power = remainder(square(power), polynomial);
    if (greatestCommonDivisor(polynomial, power ^ 2n) !== 1n) return false;
  }
  return true;
}

function degree(polynomial: bigint): number {
  return polynomial.toString(2).length - 1;
}

/** Squaring over GF(2) only spreads the bits: the mixed terms cancel out. */
function square(polynomial: bigint): bigint {
  return BigInt(`0b${Array.from(polynomial.toString(2)).join("0")}`);
}

function remainder(dividend: bigint, divisor: bigint): bigint {
  const divisorDegree = degree(divisor);
  let rest = dividend;
  for (let shift = degree(rest) - divisorDegree; shift >= 0 && rest !== 0n; shift = degree(rest) - divisorDegree) {
    rest ^= divisor << BigInt(shift);
  }
  return rest;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, remainder(a, b));
}
