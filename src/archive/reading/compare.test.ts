import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../base/finding.ts";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { SampleRepository, type SampleTree } from "../../repository/testing/sample-repository.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { compareTrees } from "./compare.ts";
import { SnapshotTrees } from "./snapshot-trees.ts";

const clock = new FakeClock();

async function compare(before: SampleTree, after: SampleTree): Promise<string[]> {
  const repository = await SampleRepository.init(new MemoryStore({ clock }), clock);
  const [old, now] = [await repository.addTree(before), await repository.addTree(after)];
  await using session = await repository.session();
  const report = (finding: Finding): never => assert.fail(finding.message);
  const changes = compareTrees(new SnapshotTrees(session), old, now, report);
  return await Array.fromAsync(changes, ({ kind, path, size, sizeBefore }) => `${kind} ${path} ${sizeBefore} ${size}`);
}

test("compareTrees() tells what was added, removed and changed, in the order of the paths", async () => {
  assert.deepEqual(await compare({ a: "1", b: "22", d: { e: "5" } }, { b: "333", c: "4", d: { e: "5" } }), [
    "removed /a 1 0",
    "content /b 2 3",
    "added /c 0 1",
  ]);
});

test("compareTrees() gives all that is in a folder which is new or gone, or became a file", async () => {
  assert.deepEqual(await compare({ gone: { x: { y: "1" } }, turned: { z: "2" } }, { new: { w: "3" }, turned: "44" }), [
    "removed /gone 0 0",
    "removed /gone/x 0 0",
    "removed /gone/x/y 1 0",
    "added /new 0 0",
    "added /new/w 0 1",
    "type /turned 0 2",
    "removed /turned/z 1 0",
  ]);
});

test("compareTrees() finds nothing in equal trees", async () => {
  assert.deepEqual(await compare({ a: { b: "1" } }, { a: { b: "1" } }), []);
});
