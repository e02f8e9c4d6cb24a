import assert from "node:assert/strict";
import { test } from "node:test";
import { BlobIndex } from "../index/blob-index.ts";
import { inPackOrder, packRanges } from "./pack-ranges.ts";

const KIB = 1_024;
const MIB = 1_024 * KIB;

/** An index with blobs of these places, and their entries. */
function indexOf(places: readonly (readonly [pack: number, offset: number, length: number])[]): { index: BlobIndex; entries: number[] } {
  const index = BlobIndex.create({ expectedBlobs: 1 });
  places.forEach(([pack, offset, length], at) => {
    const packNumber = index.addPack(new Uint8Array(32).fill(100 + pack), 0);
    index.insert("data", new Uint8Array(32).fill(at + 1), 0, packNumber, offset, length, 0);
  });
  return { index, entries: [...index.entries()] };
}

function rangesOf(places: Parameters<typeof indexOf>[0]): (readonly number[])[] {
  const { index, entries } = indexOf(places);
  return Array.from(packRanges(index, inPackOrder(index, entries.toReversed())), (range) => [
    range.offset,
    range.length,
    range.entries.length,
  ]);
}

test("packRanges() joins what lies together, and what is near", () => {
  assert.deepEqual(
    rangesOf([
      [1, 0, 100],
      [1, 100, 50],
      [1, 150 + 256 * KIB, 10],
    ]),
    [[0, 160 + 256 * KIB, 3]],
  );
});

test("packRanges() leaves out what lies far between", () => {
  assert.deepEqual(
    rangesOf([
      [1, 0, 100],
      [1, 101 + 256 * KIB, 10],
    ]),
    [
      [0, 100, 1],
      [101 + 256 * KIB, 10, 1],
    ],
  );
});

test("packRanges() keeps packs apart, and pieces short unless one blob is longer", () => {
  const places = [
    [1, 0, 5 * MIB],
    [1, 5 * MIB, 5 * MIB],
    [2, 0, 20 * MIB],
    [3, 0, 10],
  ] as const;
  assert.deepEqual(rangesOf(places), [
    [0, 5 * MIB, 1],
    [5 * MIB, 5 * MIB, 1],
    [0, 20 * MIB, 1],
    [0, 10, 1],
  ]);
});

test("packRanges() covers blobs that overlap, as a hostile index may say", () => {
  assert.deepEqual(
    rangesOf([
      [1, 0, 1_000],
      [1, 10, 20],
      [1, 500, 600],
    ]),
    [[0, 1_100, 3]],
  );
});

test("packRanges() gives nothing for nothing", () => {
  assert.deepEqual(rangesOf([]), []);
});
