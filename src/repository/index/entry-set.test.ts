import assert from "node:assert/strict";
import { test } from "node:test";
import { EntrySet } from "./entry-set.ts";

test("EntrySet.add() says once of each entry that it is new, also through another view of the same memory", () => {
  const set = EntrySet.create(100);
  const other = EntrySet.attach(set.shared);
  for (const entry of [1, 31, 32, 63, 64, 100]) {
    assert.equal(other.has(entry), false);
    assert.equal(set.add(entry), true);
    assert.equal(other.add(entry), false);
    assert.equal(other.has(entry), true);
  }
  assert.equal(set.has(2), false);
  assert.equal(set.has(33), false);
});

test("EntrySet.delete() takes one entry out and leaves its neighbours", () => {
  const set = EntrySet.create(64);
  for (const entry of [30, 31, 32]) set.add(entry);
  set.delete(31);
  assert.deepEqual(
    [30, 31, 32].map((entry) => set.add(entry)),
    [false, true, false],
  );
});
