import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../base/finding.ts";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { SampleRepository } from "../../repository/testing/sample-repository.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { SnapshotTrees } from "./snapshot-trees.ts";
import { rawData, restoreSize, uniqueContents } from "./stats.ts";

const clock = new FakeClock();
const report = (finding: Finding): never => assert.fail(finding.message);

test("sizes count every file, contents once, and blobs once", async () => {
  const repository = await SampleRepository.init(new MemoryStore({ clock }), clock);
  const tops = [
    await repository.addTree({ a: "same", b: { c: "same", d: ["two ", "blobs"] } }),
    await repository.addTree({ b: { c: "same", d: ["two ", "blobs"] }, e: "other" }),
  ];
  await using session = await repository.session();
  const trees = new SnapshotTrees(session);
  assert.deepEqual(await restoreSize(trees, tops, report), { bytes: 4 + 4 + 9 + 4 + 9 + 5, entries: 8 });
  assert.deepEqual(await uniqueContents(trees, tops, report), { bytes: 4 + 9 + 5, files: 3 });
  const raw = await rawData(trees, tops, session.index, report);
  // Contents: same, two, blobs, other. Trees: both tops and b.
  assert.deepEqual([raw.blobs, raw.missing], [7, 0]);
  assert.ok(raw.storedBytes > 0 && raw.bytes > 4 + 9 + 5);
});
