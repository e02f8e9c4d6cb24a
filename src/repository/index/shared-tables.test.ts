/** BlobSet and BlobIndex with threads that work on them at the same moment. */
import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { BlobIndex } from "./blob-index.ts";
import { BlobSet } from "./blob-set.ts";
import type { InsertResult, InsertWork } from "./testing/insert-worker.ts";

const THREADS = 4;
/** Entries of 52 bytes then take more than the first 16 MiB, so that threads have to grow the table and their views. */
const IDS = 350_000;

test("add() is true for exactly one thread an id, insert() makes one entry of equal ones, and each finds what it added", async () => {
  const ids = randomFillSync(new Uint8Array(IDS * 32));
  const set = BlobSet.create();
  const index = BlobIndex.create({ expectedBlobs: 0 });
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const workers = Array.from({ length: THREADS }, (_, thread) => {
    const workerData: InsertWork = { set: set.shared, index: index.shared, gate, ids, order: orderOf(thread) };
    return new Worker(new URL("testing/insert-worker.ts", import.meta.url), { workerData });
  });
  await Promise.all(workers.map(async (worker) => once(worker, "message")));
  const answers = workers.map(async (worker) => ((await once(worker, "message")) as [InsertResult])[0]);
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  const results = await Promise.all(answers);

  const wins = new Uint8Array(IDS);
  for (const { won } of results) won.forEach((win, item) => (wins[item] = (wins[item] ?? 0) + win));
  assert.ok(wins.every((count) => count === 1));
  assert.deepEqual([set.size, index.size, index.packCount], [IDS, IDS, 100]);
  assert.equal(
    results.reduce((sum, { inserted }) => sum + inserted, 0),
    IDS,
  );
  assert.ok(results.every(({ lost }) => lost === 0));
  assert.ok(results.filter(({ won }) => won.includes(1)).length > 1, "threads did not overlap");

  const seen = new Uint8Array(IDS);
  for (const entry of index.entries()) seen[index.offsetOf(entry)] = (seen[index.offsetOf(entry)] ?? 0) + 1;
  assert.ok(seen.every((count) => count === 1));
});

/** Every thread adds all ids: pairs of threads in the same order, so that they meet often. */
function orderOf(thread: number): Uint32Array {
  const ascending = Uint32Array.from({ length: IDS }, (_, item) => item);
  return thread % 2 === 0 ? ascending : ascending.toReversed();
}
