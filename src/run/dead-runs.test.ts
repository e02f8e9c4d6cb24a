import assert from "node:assert/strict";
import { test } from "node:test";
import { isoTime } from "../base/clock.ts";
import { readLease } from "./dead-runs.ts";
import { microTime } from "./lease.ts";

const NOW = 1_790_000_000_000;

async function isDead(spec: Readonly<Record<string, string | number>>, metadata: Readonly<Record<string, string>> = {}): Promise<boolean> {
  const lease = await readLease({ metadata: { name: "run-a", labels: { "holdfast.dev/run": "a" }, ...metadata }, spec }, NOW);
  return lease.isDead;
}

test("readLease() takes a run for dead when it was not renewed for its duration and two minutes more", async () => {
  assert.equal(await isDead({ leaseDurationSeconds: 60, renewTime: microTime(NOW - 179_000) }), false);
  assert.equal(await isDead({ leaseDurationSeconds: 60, renewTime: microTime(NOW - 181_000) }), true);
  assert.equal(await isDead({ leaseDurationSeconds: 600, renewTime: microTime(NOW - 181_000) }), false);
  assert.equal(await isDead({ leaseDurationSeconds: 60, renewTime: microTime(NOW + 3_600_000) }), false);
});

test("readLease() takes a Lease without a time to be as old as it is, and one that says nothing for alive", async () => {
  assert.equal(await isDead({}, { creationTimestamp: isoTime(NOW - 181_000) }), true);
  assert.equal(await isDead({}, { creationTimestamp: isoTime(NOW - 100_000) }), false);
  assert.equal(await isDead({ renewTime: "yesterday" }), false);
});

test("microTime() has six digits of a second", () => {
  assert.match(microTime(NOW + 0.4), /T\d\d:\d\d:\d\d\.\d{6}Z$/);
});
