import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../base/testing/property.ts";
import { type ImageLayout, layoutOf, MAX_IMAGE_BYTES, partCount, partsOf } from "./layout.ts";

const GIB = 2 ** 30;

test("layoutOf() cuts a disk into parts of 1 GiB with six digits, the last one shorter", () => {
  assert.deepEqual(Array.from(partsOf(layoutOf(2 * GIB + 512))), [
    { number: 0, name: "000000", from: 0, to: GIB },
    { number: 1, name: "000001", from: GIB, to: 2 * GIB },
    { number: 2, name: "000002", from: 2 * GIB, to: 2 * GIB + 512 },
  ]);
  assert.equal(partCount(layoutOf(0)), 0);
});

test("layoutOf() refuses a disk whose parts could not be named", () => {
  assert.equal(partCount(layoutOf(MAX_IMAGE_BYTES)), 1_000_000);
  assert.throws(() => layoutOf(MAX_IMAGE_BYTES + 1), { kind: "unsupported", code: "image_too_large" });
});

test("partsOf() gives every byte to one part, in the order of the parts' names", () => {
  const layouts = fc.record({ bytes: fc.nat(10 ** 6), partBytes: fc.integer({ min: 10, max: 10 ** 6 }) });
  fc.assert(
    fc.property(layouts, (layout: ImageLayout) => {
      const parts = Array.from(partsOf(layout)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
      let at = 0;
      for (const { from, to } of parts) {
        assert.equal(from, at);
        assert.ok(to > from && to - from <= layout.partBytes);
        at = to;
      }
      assert.equal(at, layout.bytes);
    }),
    { numRuns: 50 },
  );
});
