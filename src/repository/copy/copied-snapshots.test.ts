import assert from "node:assert/strict";
import { test } from "node:test";
import type { HexId } from "../../base/ids.ts";
import type { Snapshot } from "../format/snapshot.ts";
import { timestampAt } from "../format/timestamp.ts";
import type { StoredSnapshot } from "../snapshots.ts";
import { CopiedSnapshots, copyOf } from "./copied-snapshots.ts";

const [ONE, TWO, THREE, TREE] = ["1", "2", "3", "4"].map((digit) => digit.repeat(64) as HexId) as [HexId, HexId, HexId, HexId];

function snapshot(fields: Partial<Snapshot> = {}): Snapshot {
  return {
    time: timestampAt(1_000),
    tree: TREE,
    paths: ["/a", "/b"],
    hostname: "host",
    username: "ann",
    uid: 1,
    gid: 2,
    excludes: ["x", "y"],
    tags: ["s", "t"],
    programVersion: "some",
    otherFields: {},
    ...fields,
  };
}

const stored = (id: HexId, fields: Partial<Snapshot> = {}): StoredSnapshot => ({ id, snapshot: snapshot(fields) });

test("has() knows a snapshot by what it was copied from, or itself, or what both were copied from", () => {
  assert.ok(new CopiedSnapshots([stored(TWO, { original: ONE })]).has(stored(ONE)));
  assert.ok(new CopiedSnapshots([stored(ONE)]).has(stored(ONE)));
  assert.ok(new CopiedSnapshots([stored(ONE)]).has(stored(TWO, { original: ONE })));
  assert.ok(new CopiedSnapshots([stored(TWO, { original: ONE })]).has(stored(THREE, { original: ONE })));
  assert.ok(!new CopiedSnapshots([stored(TWO)]).has(stored(ONE)));
  assert.ok(!new CopiedSnapshots([]).has(stored(ONE)));
});

test("has() looks at every copy that there is", () => {
  const there = new CopiedSnapshots([stored(TWO, { original: ONE, tags: ["other"] }), stored(THREE, { original: ONE })]);
  assert.ok(there.has(stored(ONE)));
  assert.ok(there.has(stored(ONE, { tags: ["other"] })));
});

for (const [what, fields] of Object.entries<Partial<Snapshot>>({
  time: { time: timestampAt(1_001) },
  tree: { tree: ONE },
  hostname: { hostname: "other" },
  username: { username: "bob" },
  uid: { uid: 3 },
  gid: { gid: 3 },
  paths: { paths: ["/a", "/c"] },
  "fewer paths": { paths: ["/a"] },
  tags: { tags: ["s"] },
  "order of excludes": { excludes: ["y", "x"] },
})) {
  test(`has() takes a snapshot with another ${what} for another one`, () => {
    assert.ok(!new CopiedSnapshots([stored(TWO, { original: ONE })]).has(stored(ONE, fields)));
  });
}

test("has() does not care for parent, program, summary and the order of paths and tags", () => {
  const there = new CopiedSnapshots([stored(TWO, { original: ONE, parent: THREE, programVersion: "other" })]);
  assert.ok(there.has(stored(ONE, { paths: ["/b", "/a"], tags: ["t", "s"] })));
});

test("copyOf() names the first of all, drops the parent and keeps the rest", () => {
  const fields = { parent: THREE, otherFields: { more: 1 } };
  assert.deepEqual(copyOf(stored(ONE, fields)), { ...snapshot(fields), parent: undefined, original: ONE });
  assert.equal(copyOf(stored(TWO, { original: ONE })).original, ONE);
});
