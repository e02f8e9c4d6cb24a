import assert from "node:assert/strict";
import { test } from "node:test";
import type { HexId } from "../../base/ids.ts";
import { timestampAt } from "../../repository/format/timestamp.ts";
import type { ResumeRecord } from "../../repository/resume-records.ts";
import type { StoredSnapshot } from "../../repository/snapshots.ts";
import { earlierRun, earlierTrees } from "./earlier-trees.ts";

const SOURCE = { host: "h", paths: ["/"] };

function record(tree: string, startMs: number): ResumeRecord {
  return { timeMs: startMs + 1, startMs, source: SOURCE, tree: tree as HexId };
}

/** A snapshot that bears another time than that of its run. */
function parent(tree: string, startMs: number): StoredSnapshot {
  return { id: "p", snapshot: { tree, time: timestampAt(1), summary: { backupStart: timestampAt(startMs) } } } as unknown as StoredSnapshot;
}

test("earlierTrees() gives the newest first, and no record from before the parent", () => {
  const records = [record("a", 4_000), record("b", 9_000), record("c", 5_000), record("d", 7_000)];
  const trees = earlierTrees(earlierRun(parent("p", 5_000)), records);
  assert.deepEqual(
    trees.map(({ id }) => id),
    ["b", "d", "p"],
  );
  assert.equal(trees[0]?.unsureFromNs, 7_000_000_000n);
  assert.equal(trees[2]?.unsureFromNs, 3_000_000_000n);
  assert.deepEqual(
    earlierTrees(undefined, records).map(({ id }) => id),
    ["b", "d", "c", "a"],
  );
  assert.deepEqual(earlierTrees(undefined, []), []);
});
