import assert from "node:assert/strict";
import { test } from "node:test";
import { randomHexId } from "../../base/ids.ts";
import { packsToRead, type SizedPack } from "./read-subset.ts";

const PACKS: readonly SizedPack[] = Array.from({ length: 200 }, (_, number) => ({ number, id: randomHexId(), sizeBytes: 10 }));

function numbers(packs: readonly SizedPack[]): number[] {
  return packs.map(({ number }) => number).toSorted((a, b) => a - b);
}

test("packsToRead() gives none or all", () => {
  assert.deepEqual(packsToRead(PACKS, { kind: "none" }), []);
  assert.deepEqual(packsToRead(PACKS, { kind: "all" }), PACKS);
});

test("packsToRead() gives each pack in one part of n, that by the first byte of its id as restic's", () => {
  const parts = [1, 2, 3].map((part) => packsToRead(PACKS, { kind: "part", part, of: 3 }));
  assert.deepEqual(numbers(parts.flat()), numbers(PACKS));
  for (const [at, part] of parts.entries()) assert.ok(part.every(({ id }) => Number.parseInt(id.slice(0, 2), 16) % 3 === at));
});

test("packsToRead() gives a share at random, each pack once, and at least one", () => {
  const share = packsToRead(PACKS, { kind: "share", share: 0.25 });
  assert.equal(new Set(share).size, 50);
  assert.notDeepEqual(packsToRead(PACKS, { kind: "share", share: 0.25 }), share);
  assert.equal(packsToRead(PACKS, { kind: "share", share: 0.000_1 }).length, 1);
  assert.deepEqual(numbers(packsToRead(PACKS, { kind: "share", share: 1 })), numbers(PACKS));
});

test("packsToRead() gives at least so many bytes, or all", () => {
  assert.equal(packsToRead(PACKS, { kind: "bytes", bytes: 95 }).length, 10);
  assert.equal(packsToRead(PACKS, { kind: "bytes", bytes: 100 }).length, 10);
  assert.equal(packsToRead(PACKS, { kind: "bytes", bytes: 1_000_000 }).length, 200);
});
