import assert from "node:assert/strict";
import { test } from "node:test";
import { release } from "./own-memory.ts";

test("release() frees memory that is one array's own, and leaves memory alone that others may look at", () => {
  const own = new Uint8Array(8);
  release(own);
  assert.equal(own.length, 0);
  const whole = new Uint8Array(8);
  release(whole.subarray(0, 4));
  assert.equal(whole.length, 8);
  release(new Uint8Array(new SharedArrayBuffer(8)));
});
