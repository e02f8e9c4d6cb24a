import assert from "node:assert/strict";
import { test } from "node:test";
import { isJsonObject, type JsonObject, parseJson } from "../../kube/json.ts";
import { cutOf, groupCutsOf, throwIfFailed } from "./snapshot-status.ts";

function object(text: string): JsonObject {
  const value = parseJson(text);
  assert.ok(isJsonObject(value));
  return value;
}

test("a content counts as cut with a handle and a time, ready or not; its nanoseconds are more than a number holds", () => {
  const whole = '{"status":{"snapshotHandle":"s-1","creationTime":1795933289900456020,"restoreSize":1024,"readyToUse":false}}';
  assert.deepEqual(cutOf(object(whole)), { handle: "s-1", timeMs: 1_795_933_289_900, restoreBytes: 1024 });
  for (const text of ["{}", '{"status":{"snapshotHandle":"s-1"}}', '{"status":{"creationTime":1795933289900456020}}']) {
    assert.equal(cutOf(object(text)), undefined, text);
  }
});

test("the members of a group come from its content, in the form of each version of the API", () => {
  const handle = '"volumeGroupSnapshotHandle":"g-1","creationTime":"2026-11-29T06:21:29Z"';
  const v1 = `{"status":{${handle},"volumeSnapshotInfoList":[{"volumeHandle":"v","snapshotHandle":"s","creationTime":1795933289900456020}]}}`;
  assert.deepEqual(groupCutsOf(object(v1)), new Map([["v", { handle: "s", timeMs: 1_795_933_289_900, restoreBytes: undefined }]]));
  const beta = `{"status":{${handle},"volumeSnapshotHandlePairList":[{"volumeHandle":"v","snapshotHandle":"s"}]}}`;
  assert.deepEqual(groupCutsOf(object(beta)), new Map([["v", { handle: "s", timeMs: 1_795_933_289_000, restoreBytes: undefined }]]));
  assert.equal(groupCutsOf(object('{"status":{"creationTime":"2026-11-29T06:21:29Z"}}')), undefined);
});

test("what a driver says ends the wait; what a controller overcomes by itself does not", () => {
  const failed = (message: string): JsonObject => ({ status: { error: { message } } });
  assert.throws(() => throwIfFailed(failed("rpc error: code = ResourceExhausted desc = no room"), 'volume "a/b"'), {
    code: "snapshot_failed",
    message: 'Cannot take a snapshot of volume "a/b": rpc error: code = ResourceExhausted desc = no room',
    hint: /out of space/,
  });
  throwIfFailed(failed("Operation cannot be fulfilled on x: the object has been modified; please apply your changes"), "a");
  throwIfFailed({}, "a");
});
