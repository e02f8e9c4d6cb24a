import assert from "node:assert/strict";
import { test } from "node:test";
import { randomHexId } from "../base/ids.ts";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { NOT_NAMED_REASON, PARTIAL_TAG, planForgetByName, planForgetByRules } from "./forget.ts";
import { timestampAt } from "./format/timestamp.ts";
import { LAST_GOOD_REASON } from "./retention.ts";
import type { StoredSnapshot } from "./snapshots.ts";

const NOW_MS = new FakeClock().now();
const DAY_MS = 24 * 3_600_000;

function snapshot(daysAgo: number, { hostname = "a", partial = false } = {}): StoredSnapshot {
  const fields = { paths: ["/"], username: "", uid: 0, gid: 0, excludes: [], programVersion: "", otherFields: {} };
  const time = timestampAt(NOW_MS - daysAgo * DAY_MS);
  return { id: randomHexId(), snapshot: { ...fields, time, tree: randomHexId(), hostname, tags: partial ? [PARTIAL_TAG] : [] } };
}

test("planForgetByRules() keeps the last good snapshot beside what the rules keep", () => {
  const [good, partial, older] = [snapshot(2), snapshot(1, { partial: true }), snapshot(3)];
  const [group] = planForgetByRules([older, good, partial], { last: 1 }, { nowMs: NOW_MS });
  assert.deepEqual(
    group?.keep.map(({ snapshot: { id }, reasons }) => [id, reasons]),
    [
      [partial.id, ["last snapshot"]],
      [good.id, [LAST_GOOD_REASON]],
    ],
  );
  assert.deepEqual(
    group.remove.map(({ stored }) => stored),
    [older],
  );
});

test("planForgetByName() removes what is named and nothing else", () => {
  const [first, second, other] = [snapshot(2), snapshot(1), snapshot(1, { hostname: "b" })];
  const plan = planForgetByName([first, second, other], [first]);
  assert.deepEqual(
    plan.map(({ host, keep, remove }) => [host, keep.map(({ snapshot: { id }, reasons }) => [id, reasons]), remove.map(({ id }) => id)]),
    [["a", [[second.id, [NOT_NAMED_REASON]]], [first.id]]],
  );
});

test("planForgetByName() refuses to take the last good snapshot of a group, unless it may", () => {
  const [good, partial, alone] = [snapshot(2), snapshot(1, { partial: true }), snapshot(1, { hostname: "b", partial: true })];
  const all = [good, partial, alone];
  const refused = { kind: "conflict", code: "last_good_snapshot" };
  assert.throws(() => planForgetByName(all, [good]), refused);
  assert.throws(() => planForgetByName(all, [alone]), refused);
  assert.throws(() => planForgetByName(all, all), refused);
  assert.equal(planForgetByName(all, [partial]).length, 1);
  assert.equal(planForgetByName(all, all, { mayRemoveAll: true }).length, 2);
});
