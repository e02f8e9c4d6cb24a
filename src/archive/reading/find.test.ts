import assert from "node:assert/strict";
import { test } from "node:test";
import { byteStringOf } from "../../base/byte-string.ts";
import type { Finding } from "../../base/finding.ts";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { SampleRepository } from "../../repository/testing/sample-repository.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { compilePatterns } from "../path-pattern.ts";
import { Finder } from "./find.ts";
import { SnapshotTrees } from "./snapshot-trees.ts";

const clock = new FakeClock();

test("find() gives what matches in each snapshot, and of a folder that matches not what is in it", async () => {
  const repository = await SampleRepository.init(new MemoryStore({ clock }), clock);
  const trees = [
    await repository.addTree({ etc: { "a.conf": "1", deep: { "b.conf": "2" } }, "c.txt": "3", barren: { d: "4" } }),
    await repository.addTree({ etc: { "a.conf": "1", deep: { "b.conf": "2" } }, barren: { d: "4" }, "x.conf": { "y.conf": "5" } }),
  ];
  await using session = await repository.session();
  const find = async (pattern: string): Promise<string[][]> => {
    const report = (finding: Finding): never => assert.fail(finding.message);
    const patterns = compilePatterns([byteStringOf(pattern)]);
    const finder = new Finder(new SnapshotTrees(session), { patterns, accepts: () => true, report });
    const found: string[][] = [];
    for (const tree of trees) found.push(await Array.fromAsync(finder.find(tree), ({ path }) => path));
    return found;
  };
  assert.deepEqual(await find("*.conf"), [
    ["/etc/a.conf", "/etc/deep/b.conf"],
    ["/etc/a.conf", "/etc/deep/b.conf", "/x.conf"],
  ]);
  assert.deepEqual(await find("/etc/*"), [
    ["/etc/a.conf", "/etc/deep"],
    ["/etc/a.conf", "/etc/deep"],
  ]);
  assert.deepEqual(await find("nothing"), [[], []]);
});
