import assert from "node:assert/strict";
import { test } from "node:test";
import { EntrySet } from "./entry-set.ts";

test("add() says whether an entry is new, also far beyond what was there", () => {
  const set = new EntrySet();
  for (const entry of [0, 1, 7, 8, 9, 100_000_000]) {
    assert.equal(set.add(entry), true, `${entry}`);
    assert.equal(set.add(entry), false, `${entry}`);
  }
  assert.equal(set.add(6), true);
});

test("delete() takes one entry out and leaves its neighbours", () => {
  const set = new EntrySet();
  for (const entry of [8, 9, 10]) set.add(entry);
  set.delete(9);
  set.delete(900_000_000);
  assert.deepEqual(
    [8, 9, 10].map((entry) => set.add(entry)),
    [false, true, false],
  );
});
