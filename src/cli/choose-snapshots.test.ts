import assert from "node:assert/strict";
import { test } from "node:test";
import { randomHexId } from "../base/ids.ts";
import { timestampAt } from "../repository/format/timestamp.ts";
import type { StoredSnapshot } from "../repository/snapshots.ts";
import { chooseSnapshot, chooseSnapshots, filterSnapshots } from "./choose-snapshots.ts";
import type { SnapshotFilterOptions } from "./snapshot-options.ts";

const NO_FILTER: SnapshotFilterOptions = { host: [], path: [], tag: [] };

function snapshot(hostname: string, paths: readonly string[], tags: readonly string[]): StoredSnapshot {
  const fields = { username: "", uid: 0, gid: 0, excludes: [], programVersion: "", otherFields: {} };
  return { id: randomHexId(), snapshot: { ...fields, time: timestampAt(0), tree: randomHexId(), hostname, paths, tags } };
}

const [first, second, third] = [snapshot("a", ["/x"], ["t"]), snapshot("b", ["/x", "/y"], ["t", "u"]), snapshot("a", ["/y"], [])] as const;
const ALL = [first, second, third];

test("filterSnapshots() takes any of the hosts, all of the paths, and any list of tags whole", () => {
  const filter = (options: Partial<SnapshotFilterOptions>): readonly StoredSnapshot[] => filterSnapshots(ALL, { ...NO_FILTER, ...options });
  assert.deepEqual(filter({}), ALL);
  assert.deepEqual(filter({ host: ["a"] }), [first, third]);
  assert.deepEqual(filter({ path: ["/x", "/y/"] }), [second]);
  assert.deepEqual(filter({ tag: ["t,u"] }), [second]);
  assert.deepEqual(filter({ tag: ["t,u", ""] }), [second, third]);
  assert.deepEqual(filter({ tag: ["t"], host: ["a"] }), [first]);
});

test("chooseSnapshots() takes those that are named whatever the filter says, and latest among what it lets through", () => {
  const filter = { ...NO_FILTER, host: ["b"] };
  assert.deepEqual(chooseSnapshots(ALL, [first.id], filter), [first]);
  assert.deepEqual(chooseSnapshots(ALL, [second.id.slice(0, 12), second.id], filter), [second]);
  assert.deepEqual(chooseSnapshots(ALL, [], filter), [second]);
  assert.equal(chooseSnapshot(ALL, "latest", filter), second);
  assert.equal(chooseSnapshot(ALL, "latest", NO_FILTER), third);
  assert.throws(() => chooseSnapshot(ALL, "latest", { ...NO_FILTER, host: ["c"] }), { kind: "not-found" });
  assert.throws(() => chooseSnapshot(ALL, "0".repeat(63), NO_FILTER), { kind: "not-found" });
});
