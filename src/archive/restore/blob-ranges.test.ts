import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../base/testing/property.ts";
import { type BlobPlace, blobRanges } from "./blob-ranges.ts";

const MIB = 1 << 20;

function shape(blobs: readonly BlobPlace[]): unknown[] {
  return blobRanges(blobs).map(({ pack, offset, length, blobs: inside }) => [pack, offset, length, inside.length]);
}

test("blobRanges() joins neighbours and small gaps when it reads a pack", () => {
  const near = [
    { pack: 1, offset: 100, length: 50 },
    { pack: 1, offset: 0, length: 100 },
    { pack: 1, offset: 1000, length: 10 },
  ];
  assert.deepEqual(shape(near), [[1, 0, 1010, 3]]);
});

test("blobRanges() does not read what lies far between when blobs are apart", () => {
  const apart = [
    { pack: 1, offset: 0, length: 100 },
    { pack: 1, offset: MIB, length: 100 },
  ];
  assert.deepEqual(shape(apart), [
    [1, 0, 100, 1],
    [1, MIB, 100, 1],
  ]);
});

test("blobRanges() ends a range when it gets long, and keeps packs in the order of first need", () => {
  const long = Array.from({ length: 10 }, (_, at) => ({ pack: 7, offset: at * MIB, length: MIB }));
  assert.deepEqual(shape([...long, { pack: 2, offset: 5, length: 9 * MIB }]), [
    [7, 0, 4 * MIB, 4],
    [7, 4 * MIB, 4 * MIB, 4],
    [7, 8 * MIB, 2 * MIB, 2],
    [2, 5, 9 * MIB, 1],
  ]);
});

test("blobRanges() gives each blob once, inside of its range, whatever the blobs are", () => {
  const place = fc.record({ pack: fc.nat(3), offset: fc.nat(20 * MIB), length: fc.integer({ min: 33, max: 2 * MIB }) });
  fc.assert(
    fc.property(fc.array(place), (blobs) => {
      const ranges = blobRanges(blobs);
      assert.equal(ranges.flatMap((range) => range.blobs).length, blobs.length);
      assert.deepEqual(new Set(ranges.flatMap((range) => range.blobs)), new Set(blobs));
      for (const { pack, offset, length, blobs: inside } of ranges) {
        for (const blob of inside) {
          assert.equal(blob.pack, pack);
          assert.ok(blob.offset >= offset && blob.offset + blob.length <= offset + length);
        }
      }
    }),
  );
});
