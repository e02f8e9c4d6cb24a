import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { isChunkerPolynomial, randomChunkerPolynomial } from "./polynomial.ts";

/** Over GF(2): sums without carry. */
function multiply(a: bigint, b: bigint): bigint {
  let product = 0n;
  for (let rest = b, shifted = a; rest > 0n; rest >>= 1n, shifted <<= 1n) if ((rest & 1n) === 1n) product ^= shifted;
  return product;
}

test("isChunkerPolynomial() accepts polynomials that restic made", () => {
  for (const text of ["2fa9f5a4cee97f", "38a46d2c4ed5af", "2cb6707d8ff09d"]) {
    assert.equal(isChunkerPolynomial(BigInt(`0x${text}`)), true, text);
  }
});

test("isChunkerPolynomial() refuses products, however few factors they have", () => {
  const irreducible = [0b10n, 0b11n, 0b111n, 0b1011n, 0b10011n, 0b100101n]; // x, x+1, x²+x+1, x³+x+1, x⁴+x+1, x⁵+x²+1
  for (const factor of irreducible) {
    for (let tries = 0; tries < 20; tries++) {
      const otherDegree = BigInt(53 - (factor.toString(2).length - 1));
      const other = (1n << otherDegree) | BigInt.asUintN(Number(otherDegree), BigInt(`0x${randomBytes(7).toHex()}`));
      assert.equal(isChunkerPolynomial(multiply(factor, other)), false, `${factor} times ${other}`);
    }
  }
});

test("isChunkerPolynomial() refuses polynomials of another degree", () => {
  for (const polynomial of [0n, 1n, 2n, 0b111n, -0x2fa9f5a4cee97fn, 1n << 53n, (1n << 63n) | 3n, (1n << 64n) | 1n]) {
    assert.equal(isChunkerPolynomial(polynomial), false, String(polynomial));
  }
});

test("randomChunkerPolynomial() makes ones that will do, each another", () => {
  const made = Array.from({ length: 10 }, () => randomChunkerPolynomial());
  assert.ok(made.every(isChunkerPolynomial));
  assert.equal(new Set(made).size, made.length);
});
