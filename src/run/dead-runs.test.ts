import assert from "node:assert/strict";
import { test } from "node:test";
import { isoTime } from "../base/clock.ts";
import { readLease } from "./dead-runs.ts";
import { microTime } from "./lease.ts";

const NOW = 1_790_000_000_000;

function isDead(spec: Readonly<Record<string, string | number>>, metadata: Readonly<Record<string, string>> = {}): boolean {
  return readLease({ metadata: { name: "run-a", labels: { "holdfast.dev/run": "a" }, ...metadata }, spec }, NOW).isDead;
}

test("readLease() takes a run for dead when it was not renewed for its duration and two minutes more", () => {
  assert.equal(isDead({ leaseDurationSeconds: 60, renewTime: microTime(NOW - 179_000) }), false);
  assert.equal(isDead({ leaseDurationSeconds: 60, renewTime: microTime(NOW - 181_000) }), true);
  assert.equal(isDead({ leaseDurationSeconds: 600, renewTime: microTime(NOW - 181_000) }), false);
  assert.equal(isDead({ leaseDurationSeconds: 60, renewTime: microTime(NOW + 3_600_000) }), false);
});

test("readLease() takes a Lease without a time to be as old as it is, and one that says nothing for alive", () => {
  assert.equal(isDead({}, { creationTimestamp: isoTime(NOW - 181_000) }), true);
  assert.equal(isDead({}, { creationTimestamp: isoTime(NOW - 100_000) }), false);
  assert.equal(isDead({ renewTime: "yesterday" }), false);
});

test("microTime() has six digits of a second", () => {
  assert.match(microTime(NOW + 0.4), /T\d\d:\d\d:\d\d\.\d{6}Z$/);
});
