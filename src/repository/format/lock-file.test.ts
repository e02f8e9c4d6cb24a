import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLockFile, serializeLockFile } from "./lock-file.ts";
import { timestampAt } from "./timestamp.ts";

const BY_RESTIC =
  '{"time":"2026-11-21T10:00:00.123456789+01:00","exclusive":true,"hostname":"h","username":"u","pid":42,"uid":1000,"gid":100}';
const corrupt = { kind: "corrupt", code: "lock" };

function parse(json: string) {
  return parseLockFile(Buffer.from(json));
}

test("parseLockFile() reads restic's lock, and serializeLockFile() writes the same bytes", () => {
  const lock = parse(BY_RESTIC);
  assert.deepEqual(
    { ...lock, time: lock.time.epochNs },
    { time: 1_795_251_600_123_456_789n, exclusive: true, hostname: "h", username: "u", pid: 42, uid: 1000, gid: 100 },
  );
  assert.equal(Buffer.from(serializeLockFile(lock)).toString(), BY_RESTIC);
});

test("serializeLockFile() leaves root's ids out, as restic does", () => {
  const lock = { time: timestampAt(0), exclusive: false, hostname: "holdfast/pod", username: "holdfast", pid: 1, uid: 0, gid: 0 };
  const json = '{"time":"1970-01-01T00:00:00.000Z","exclusive":false,"hostname":"holdfast/pod","username":"holdfast","pid":1}';
  assert.equal(Buffer.from(serializeLockFile(lock)).toString(), json);
  assert.deepEqual(parse(json), lock);
});

test("parseLockFile() refuses what is no lock: then nobody knows whether somebody holds it", () => {
  const time = '"time":"2026-11-21T10:00:00Z"';
  for (const json of [
    "",
    "{}",
    "[]",
    "null",
    "1",
    '"{}"',
    "{",
    "\xff",
    `{${time},"exclusive":1}`,
    `{${time},"pid":-1}`,
    `{${time},"uid":4294967296}`,
  ]) {
    assert.throws(() => parse(json), corrupt, json);
  }
});

test("serializeLockFile() writes our mark of the process last, and parseLockFile() reads it back", () => {
  const json = BY_RESTIC.replace(/}$/, ',"process":"boot/1/2"}');
  assert.equal(parse(json).process, "boot/1/2");
  assert.equal(Buffer.from(serializeLockFile(parse(json))).toString(), json);
});
