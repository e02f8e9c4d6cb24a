import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { fc } from "../../base/testing/property.ts";
import type { ChunkerParameters } from "../format/chunker-parameters.ts";
import { type Chunker, type ChunkerSpec, openChunker } from "./chunker.ts";
import { newGearParameters } from "./gear.ts";
import { noise } from "./testing/data.ts";
import { referenceGear } from "./testing/reference.ts";

const MIB = 2 ** 20;
const SEED = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const GEAR: ChunkerParameters = { ...newGearParameters(), seed: SEED };
const RABIN: ChunkerSpec = { kind: "rabin", polynomial: 0x25b468838dcb75n };
/** Small enough for many chunks in little data. */
const SMALL: ChunkerParameters = { ...GEAR, min: 256, mean: 1_024, max: 4_096 };

/** Noise, then zeros, then noise, then 251 bytes again and again, then noise. */
function mixed(): Uint8Array {
  const data = noise(24 * MIB, 1);
  data.fill(0, 9 * MIB, 11 * MIB);
  for (let at = 12 * MIB; at < 21 * MIB; at++) data[at] = data[100 + (at % 251)] ?? 0;
  return data;
}

/** Lengths of the chunks of a file that is put into the buffer as a whole. */
function cut(chunker: Chunker, data: Uint8Array, at = 0): number[] {
  const { buffer } = chunker;
  buffer.set(data, at);
  const lengths: number[] = [];
  const end = at + data.length;
  for (let from = at; from < end;) {
    const length = chunker.next(from, end, true);
    lengths.push(length);
    from += length;
  }
  return lengths;
}

test("rabin: next() cuts where restic's own chunker does", () => {
  // By version 0.4.0 of its Go module, with the same data and polynomial.
  const restic = [
    965_833, 705_357, 1_739_257, 1_160_508, 4_052_416, 813_877, 524_288, 524_288, 524_288, 8_388_608, 3_094_361, 589_927, 693_386,
    1_108_490, 280_940,
  ];
  assert.deepEqual(cut(openChunker(RABIN, 24 * MIB), mixed()), restic);
});

test("gear: next() cuts where version 1 always did", () => {
  const version1 = [
    1_022_649, 606_116, 1_593_605, 770_313, 681_841, 686_746, 1_209_874, 826_345, 1_406_664, 2_759_512, 8_388_608, 3_046_201, 1_966_471,
    200_879,
  ];
  assert.deepEqual(cut(openChunker(GEAR, 24 * MIB), mixed()), version1);
});

test("gear: next() cuts as its twin does", () => {
  const chunker = openChunker(SMALL, MIB);
  const pieces = fc.oneof(
    fc.uint8Array({ maxLength: 2_000 }),
    fc.integer({ min: 0, max: 20_000 }).map((length) => new Uint8Array(length)),
    fc.tuple(fc.integer({ min: 1, max: 30_000 }), fc.integer({ min: 1 })).map(([length, seed]) => noise(length, seed)),
    fc.lorem({ maxCount: 300 }).map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 5 }), fc.nat(200), (parts, at) => {
      const data = Buffer.concat(parts);
      assert.deepEqual(cut(chunker, data, at), referenceGear(SMALL, data));
    }),
    { numRuns: 50 },
  );
});

test("gear: next() cuts as its twin does where the shortest chunks are common", () => {
  const eager = { ...SMALL, mean: SMALL.min + 2 };
  const chunker = openChunker(eager, MIB);
  const data = noise(50_000, 10);
  const lengths = cut(chunker, data);
  assert.deepEqual(lengths, referenceGear(eager, data));
  assert.equal(lengths[0], eager.min);
  assert.equal(chunker.next(0, eager.min, false), eager.min);
});

test("next() keeps to the lengths, and their mean on random bytes is the one asked for", () => {
  const lengths = cut(openChunker(SMALL, 4 * MIB), noise(4 * MIB, 5));
  const whole = lengths.slice(0, -1);
  assert.ok(whole.every((length) => length >= SMALL.min && length <= SMALL.max));
  const mean = whole.reduce((sum, length) => sum + length) / whole.length;
  assert.ok(Math.abs(mean / SMALL.mean - 1) < 0.05, `mean of ${mean}`);
});

for (const spec of [GEAR, RABIN]) {
  test(`${spec.kind}: next() gives what never asks for a cut the greatest length, and what is left the rest`, () => {
    const chunker = openChunker(spec, 20 * MIB);
    const periodic = Buffer.alloc(20 * MIB, noise(251, 1));
    assert.deepEqual(cut(chunker, periodic), [8 * MIB, 8 * MIB, 4 * MIB]);
    assert.equal(chunker.next(0, 8 * MIB, false), 8 * MIB);
    assert.deepEqual(cut(chunker, periodic.subarray(0, 100)), [100]);
  });

  test(`${spec.kind}: next() decides by the chunk's own bytes, wherever they lie and whatever surrounds them`, () => {
    const chunker = openChunker(spec, 12 * MIB);
    const data = noise(8 * MIB, 11);
    const [length = 0] = cut(chunker, data);
    for (const [at, seed] of [
      [0, 3],
      [1, 4],
      [4_097, 5],
      [3 * MIB + 17, 6],
    ] as const) {
      chunker.buffer.set(noise(12 * MIB, seed));
      chunker.buffer.set(data.subarray(0, length), at);
      assert.equal(chunker.next(at, 12 * MIB, false), length);
      assert.equal(chunker.next(at, at + length, true), length);
    }
  });

  test(`${spec.kind}: next() asks for more data until the chunk's end is there`, () => {
    const chunker = openChunker(spec, 9 * MIB);
    const data = noise(8 * MIB, 11);
    const [length = 0] = cut(chunker, data);
    assert.ok(length < 8 * MIB);
    for (const there of [0, 1, 63, 64, chunker.minBytes, length - 1]) assert.equal(chunker.next(0, there, false), 0, String(there));
    assert.equal(chunker.next(0, length, false), length);
    assert.equal(chunker.next(5, 5, true), 0);
  });

  test(`${spec.kind}: next() refuses places outside the buffer`, () => {
    const chunker = openChunker(spec, 9 * MIB);
    for (const [from, to] of [
      [-1, 5],
      [5, 4],
      [0, 9 * MIB + 1],
      [Number.NaN, 5],
    ] as const) {
      assert.throws(() => chunker.next(from, to, true), RangeError);
    }
  });

  test(`${spec.kind}: nearly everything is found again after bytes were put in and taken out`, () => {
    const before = noise(32 * MIB, 21);
    const after = Buffer.concat([
      noise(1, 1),
      before.subarray(0, 9 * MIB),
      noise(100, 2),
      before.subarray(9 * MIB, 20 * MIB),
      before.subarray(20 * MIB + 7),
    ]);
    const chunker = openChunker(spec, 33 * MIB);
    const known = new Set(chunkIds(before, cut(chunker, before)));
    const lengths = cut(chunker, after);
    const fresh = chunkIds(after, lengths).reduce((bytes, id, i) => bytes + (known.has(id) ? 0 : (lengths[i] ?? 0)), 0);
    assert.ok(fresh < 6 * 2 * MIB, `${fresh} bytes are new`);
  });
}

test("openChunker() gives a buffer of the length asked for, but room for a chunk at least", () => {
  assert.equal(openChunker(GEAR, 9 * MIB + 1).buffer.length, 9 * MIB + 1);
  assert.equal(openChunker(GEAR, 1).buffer.length, GEAR.max);
  assert.equal(openChunker(RABIN, 1).buffer.length, 8 * MIB);
});

test("openChunker() refuses what cannot be cut by", () => {
  for (const wrong of [
    { min: 63 },
    { mean: GEAR.min },
    { mean: GEAR.min + 1 },
    { max: GEAR.mean - 1 },
    { max: 2 ** 31 },
    { min: Number.NaN },
  ]) {
    assert.throws(() => openChunker({ ...GEAR, ...wrong }, MIB), RangeError, JSON.stringify(wrong));
  }
  for (const polynomial of [0n, 3n, 1n << 52n, 1n << 54n, -0x25b468838dcb75n]) {
    assert.throws(() => openChunker({ kind: "rabin", polynomial }, MIB), RangeError);
  }
});

test("newGearParameters() draws a seed of 32 bytes, and another seed cuts elsewhere", () => {
  const [one, other] = [newGearParameters(), newGearParameters()];
  assert.match(one.seed, /^[0-9a-f]{64}$/);
  assert.notEqual(one.seed, other.seed);
  const data = noise(16 * MIB, 31);
  assert.notDeepEqual(cut(openChunker(one, 16 * MIB), data), cut(openChunker(other, 16 * MIB), data));
});

function chunkIds(data: Uint8Array, lengths: readonly number[]): string[] {
  let end = 0;
  return lengths.map((length) =>
    createHash("sha1")
      .update(data.subarray(end, (end += length)))
      .digest("hex"),
  );
}
