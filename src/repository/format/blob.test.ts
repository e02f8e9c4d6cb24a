import assert from "node:assert/strict";
import { test } from "node:test";
import { blobLengthFault } from "./blob.ts";
import { SEAL_OVERHEAD } from "./cipher.ts";
import { REPOSITORY_LIMITS } from "./limits.ts";

const { dataBlobBytes, treeBlobBytes } = REPOSITORY_LIMITS;

test("blobLengthFault() accepts blobs up to the limit of their type, compressed or not, also such as did not shrink", () => {
  for (const [type, limit] of [
    ["data", dataBlobBytes],
    ["tree", treeBlobBytes],
  ] as const) {
    assert.equal(blobLengthFault(type, SEAL_OVERHEAD + 1, undefined), undefined);
    assert.equal(blobLengthFault(type, SEAL_OVERHEAD + limit, undefined), undefined);
    assert.equal(blobLengthFault(type, SEAL_OVERHEAD + 100, limit), undefined);
    assert.equal(blobLengthFault(type, SEAL_OVERHEAD + limit + limit / 256 + 64, limit), undefined);
  }
});

test("blobLengthFault() names blobs that are empty, shorter than their seal, or longer than any may be", () => {
  assert.match(blobLengthFault("data", SEAL_OVERHEAD, undefined) ?? "", /of 0 bytes/);
  assert.match(blobLengthFault("data", SEAL_OVERHEAD - 1, 5) ?? "", /of 0 bytes/);
  assert.match(blobLengthFault("data", SEAL_OVERHEAD, 5) ?? "", /of 0 bytes/);
  assert.match(blobLengthFault("tree", SEAL_OVERHEAD + 100, 0) ?? "", /bytes/);
  assert.match(blobLengthFault("data", SEAL_OVERHEAD + dataBlobBytes + 1, undefined) ?? "", /a data blob of more/);
  assert.match(blobLengthFault("data", SEAL_OVERHEAD + 100, dataBlobBytes + 1) ?? "", /a data blob of more/);
  assert.match(blobLengthFault("data", SEAL_OVERHEAD + 2 * dataBlobBytes, 100) ?? "", /a data blob of more/);
  assert.match(blobLengthFault("tree", SEAL_OVERHEAD + 100, treeBlobBytes + 1) ?? "", /a tree blob of more/);
});
