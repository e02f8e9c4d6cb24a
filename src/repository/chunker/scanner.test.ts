import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../base/testing/property.ts";
import { randomChunkerPolynomial } from "../format/polynomial.ts";
import { rabinTables } from "./rabin.ts";
import { BUFFER_AT, openScanner, TABLES_AT, WINDOW_BYTES } from "./scanner.ts";
import { noise } from "./testing/data.ts";
import { referenceRabin } from "./testing/reference.ts";

const MIB = 2 ** 20;

test("rabin() finds what its twin finds, in one lane and in four", () => {
  const polynomial = randomChunkerPolynomial();
  const { rabin, memory, buffer } = openScanner(MIB);
  const { reduce, leave } = rabinTables(polynomial);
  memory.set(new Uint8Array(reduce.buffer), TABLES_AT.reduce);
  memory.set(new Uint8Array(leave.buffer), TABLES_AT.leave);
  const bits = fc.integer({ min: 8, max: 16 });
  fc.assert(
    fc.property(fc.integer({ min: WINDOW_BYTES, max: 60_000 }), fc.integer({ min: 1 }), bits, fc.nat(100), (length, seed, maskBits, at) => {
      const data = noise(length, seed);
      const mask = 2n ** BigInt(maskBits) - 1n;
      buffer.set(data, at);
      const start = BUFFER_AT + at;
      const found = rabin(start + WINDOW_BYTES, start + length, mask);
      const [first] = referenceRabin({ polynomial, mask, min: WINDOW_BYTES, max: length }, data);
      assert.equal(found === 0 ? length : found - start, first);
    }),
    {
      numRuns: 20,
      examples: [
        [60_000, 7, 16, 0],
        [16_384 + 64, 1, 13, 1],
      ],
    },
  );
});

test("openScanner() refuses a buffer whose addresses would not fit", () => {
  for (const bytes of [0, -1, 2 ** 31, Number.NaN]) assert.throws(() => openScanner(bytes), RangeError);
});
