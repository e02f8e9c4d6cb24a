import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../base/testing/property.ts";
import { parseSnapshot, serializeSnapshot, type Snapshot } from "./snapshot.ts";
import { timestampAt } from "./timestamp.ts";

const TREE = "2cabb120292845a7cbfc5d2144a6d43da1c9d63a286cb5d3dc6ddd28b5ea5cb2";
const PARENT = "6e1c353213adcb67755aa784f757e04d99fb4b383cdd726c2fe28e9a45703867";
/** By restic 0.18.1 in a time zone of its own. */
const BY_RESTIC =
  `{"time":"2026-11-21T15:13:34.683781022+05:30","parent":"${PARENT}","tree":"${TREE}","paths":["/srv/src"],"hostname":"vm",` +
  `"username":"u","uid":1000,"gid":100,"excludes":["*.o"],"tags":["a","b"],"original":"${PARENT}","program_version":"restic 0.18.1",` +
  `"summary":{"backup_start":"2026-11-21T15:13:34.683781022+05:30","backup_end":"2026-11-21T15:13:35.477425333+05:30",` +
  `"files_new":1,"files_changed":2,"files_unmodified":3,"dirs_new":4,"dirs_changed":5,"dirs_unmodified":6,"data_blobs":7,"tree_blobs":8,` +
  `"data_added":737,"data_added_packed":673,"total_files_processed":6,"total_bytes_processed":9}}`;
const BY_OLD_RESTIC = `{"time":"2026-11-21T09:43:36.17818582Z","tree":"${TREE}","paths":["/srv/src"],"hostname":"vm","username":"root"}`;
const corrupt = { kind: "corrupt", code: "snapshot" };

function parse(json: string): Snapshot {
  return parseSnapshot(Buffer.from(json));
}

function written(snapshot: Snapshot): string {
  return Buffer.from(serializeSnapshot(snapshot)).toString();
}

function withFields(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...(JSON.parse(BY_RESTIC) as object), ...fields });
}

test("parseSnapshot() reads every field that restic writes, and serializeSnapshot() writes the same bytes", () => {
  const { time, summary, ...rest } = parse(BY_RESTIC);
  assert.deepEqual(time, {
    text: "2026-11-21T15:13:34.683781022+05:30",
    epochMs: 1_795_254_214_683,
    epochNs: 1_795_254_214_683_781_022n,
  });
  assert.deepEqual(rest, {
    parent: PARENT,
    tree: TREE,
    paths: ["/srv/src"],
    hostname: "vm",
    username: "u",
    uid: 1000,
    gid: 100,
    excludes: ["*.o"],
    tags: ["a", "b"],
    original: PARENT,
    programVersion: "restic 0.18.1",
    otherFields: {},
  });
  const { backupStart, backupEnd, ...counts } = summary ?? assert.fail();
  assert.equal(backupEnd.epochNs - backupStart.epochNs, 793_644_311n);
  assert.deepEqual(counts, {
    filesNew: 1,
    filesChanged: 2,
    filesUnmodified: 3,
    dirsNew: 4,
    dirsChanged: 5,
    dirsUnmodified: 6,
    dataBlobs: 7,
    treeBlobs: 8,
    dataAdded: 737,
    dataAddedPacked: 673,
    totalFilesProcessed: 6,
    totalBytesProcessed: 9,
    otherFields: {},
  });
  assert.equal(written(parse(BY_RESTIC)), BY_RESTIC);
});

test("parseSnapshot() reads a snapshot of an old restic, and serializeSnapshot() leaves out what is empty", () => {
  const snapshot = parse(BY_OLD_RESTIC);
  assert.deepEqual([snapshot.uid, snapshot.tags, snapshot.excludes, snapshot.programVersion], [0, [], [], ""]);
  assert.deepEqual([snapshot.parent, snapshot.original, snapshot.summary], [undefined, undefined, undefined]);
  assert.equal(written(snapshot), BY_OLD_RESTIC);
});

test("serializeSnapshot() keeps fields that it does not know when others change, in the summary too", () => {
  const summary = { ...(JSON.parse(BY_RESTIC) as { summary: object }).summary, command: "rustic backup", total_duration: 0.25 };
  const json = withFields({ label: "x", delete: { After: "2030-01-01T00:00:00Z" }, big: "BIG", __proto__x: null, summary }).replace(
    '"BIG"',
    "12345678901234567890",
  );
  const changed = written({ ...parse(json), tags: ["c"] });
  assert.deepEqual(JSON.parse(changed), { ...(JSON.parse(json) as object), tags: ["c"] });
  assert.match(changed, /"big":12345678901234567890[,}]/);
});

test("parseSnapshot() takes null for what is empty, and totals beyond 2^53 for about what they are", () => {
  const snapshot = parse(withFields({ paths: null, tags: null, excludes: null, parent: null, summary: null, uid: null }));
  assert.deepEqual([snapshot.paths, snapshot.tags, snapshot.parent, snapshot.summary], [[], [], undefined, undefined]);
  const huge = parse(BY_RESTIC.replace('processed":9', 'processed":9223372036854775807'));
  assert.equal(huge.summary?.totalBytesProcessed, 2 ** 63);
  assert.ok(BigInt(/processed":(\d+)}/.exec(written(huge))?.[1] ?? 0) < 2n ** 64n);
});

test("parseSnapshot() refuses what is no snapshot", () => {
  const bad = [
    ...["yesterday", "", null, 5].map((time) => ({ time })),
    ...[null, "", TREE.slice(1), TREE.toUpperCase(), 7, {}].map((tree) => ({ tree })),
    ...["x", [1], {}].flatMap((list) => [{ paths: list }, { tags: list }, { excludes: list }]),
    ...[-1, 1.5, 2 ** 32, "0"].flatMap((id) => [{ uid: id }, { gid: id }]),
    ...["short", 5].flatMap((id) => [{ parent: id }, { original: id }]),
    ...[5, []].flatMap((text) => [{ hostname: text }, { username: text }, { program_version: text }]),
    ...[5, [], {}, { backup_start: "2026-11-21T15:13:34Z" }].map((summary) => ({ summary })),
  ];
  for (const fields of bad) assert.throws(() => parse(withFields(fields)), corrupt, JSON.stringify(fields));
  for (const json of ["", "null", "[]", "{}", "{", '"x"', "\ufeff{}"]) assert.throws(() => parse(json), corrupt, json);
});

test("parseSnapshot() does not quote what it could not read: it may hold a secret", () => {
  assert.throws(
    () => parse('{"hunter2'),
    (error: Error) => !`${error.message}${String(error.cause)}`.includes("hunter2"),
  );
});

test("serializeSnapshot() writes any texts so that parseSnapshot() reads them back", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(fc.array(text), fc.array(text), text, fc.dictionary(text, fc.json()), (paths, tags, hostname, others) => {
      const otherFields = Object.fromEntries(Object.entries(others).map(([name, value]) => [`x-${name}`, value]));
      const snapshot = { ...parse(BY_RESTIC), time: timestampAt(5), paths, tags, hostname, otherFields };
      assert.deepEqual(parse(written(snapshot)), snapshot);
    }),
  );
});
