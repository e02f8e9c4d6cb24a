import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { ContentMemory } from "./content-memory.ts";
import { BLOCK_BYTES } from "./content-write.ts";

const MIB = 1 << 20;

for (const [what, length] of [
  ["a usual blob", 3 * MIB],
  ["a blob longer than usual", 9 * MIB],
  ["no content", 0],
] as const) {
  test(`ContentMemory keeps ${what} through every move`, () => {
    const memory = new ContentMemory();
    const content = randomBytes(length);
    memory.room(length, 5000).set(content);
    for (const at of [5000, 0, 4095, 1, 10 * MIB + 17, 0]) assert.ok(content.equals(memory.placedFor(at)), String(at));
  });
}

test("ContentMemory places usual content in a block where it goes in the file's", () => {
  const memory = new ContentMemory();
  for (const at of [0, 7, BLOCK_BYTES - 1, BLOCK_BYTES, MIB + 100]) {
    assert.equal(memory.room(8 * MIB, at).byteOffset % BLOCK_BYTES, at % BLOCK_BYTES);
    for (const next of [at, at + 1, 0]) assert.equal(memory.placedFor(next).byteOffset % BLOCK_BYTES, next % BLOCK_BYTES);
  }
});
