import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "../base/errors.ts";
import { parseKeepSpan } from "./keep-span.ts";
import {
  applyRetention,
  type KeepPolicy,
  LAST_GOOD_REASON,
  LAST_REASON,
  type RetentionOptions,
  type RetentionSnapshot,
} from "./retention.ts";

const NOW_MS = Temporal.Instant.from("2026-06-01T00:00:00Z").epochMilliseconds;

/** The id of a snapshot is its time, unless it is given. */
function snapshot(time: string, fields: Partial<RetentionSnapshot> = {}): RetentionSnapshot {
  return { id: time, time, hostname: "a", paths: ["/"], tags: [], partial: false, ...fields };
}

/** What is kept and why, of snapshots that are all in one group. */
function kept(
  snapshots: readonly RetentionSnapshot[],
  policy: KeepPolicy,
  options: Partial<RetentionOptions> = {},
): Readonly<Record<string, readonly string[]>> {
  const groups = applyRetention(snapshots, policy, { nowMs: NOW_MS, ...options });
  assert.equal(groups.length, 1);
  return Object.fromEntries((groups[0]?.keep ?? []).map(({ snapshot: { id }, reasons }) => [id, reasons]));
}

interface Case {
  readonly name: string;
  readonly policy: KeepPolicy;
  readonly times: readonly string[];
  readonly keeps: Readonly<Record<string, readonly string[]>>;
}

const cases: readonly Case[] = [
  {
    name: "last counts snapshots, however close they are",
    policy: { last: 2 },
    times: ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000000002Z", "2026-01-01T00:00:00.000000001Z"],
    keeps: { "2026-01-01T00:00:00.000000002Z": ["last snapshot"], "2026-01-01T00:00:00.000000001Z": ["last snapshot"] },
  },
  {
    name: "hourly keeps the newest of each hour",
    policy: { hourly: 2 },
    times: ["2026-01-01T10:10:00Z", "2026-01-01T11:10:00Z", "2026-01-01T11:50:00Z", "2026-01-01T12:00:00Z"],
    keeps: { "2026-01-01T12:00:00Z": ["hourly snapshot"], "2026-01-01T11:50:00Z": ["hourly snapshot"] },
  },
  {
    name: "the same hour of two days is two hours",
    policy: { hourly: 2 },
    times: ["2026-01-01T10:10:00Z", "2026-01-02T10:10:00Z", "2026-01-02T10:20:00Z"],
    keeps: { "2026-01-02T10:20:00Z": ["hourly snapshot"], "2026-01-01T10:10:00Z": ["hourly snapshot"] },
  },
  {
    name: "days without snapshots are not counted",
    policy: { daily: 3 },
    times: ["2026-01-01T10:00:00Z", "2026-01-03T10:00:00Z", "2026-01-09T10:00:00Z", "2026-01-09T11:00:00Z", "2025-01-01T10:00:00Z"],
    keeps: {
      "2026-01-09T11:00:00Z": ["daily snapshot"],
      "2026-01-03T10:00:00Z": ["daily snapshot"],
      "2026-01-01T10:00:00Z": ["daily snapshot"],
    },
  },
  {
    name: "a day is that of the snapshot's own offset, and is compared with that of the one kept before",
    policy: { daily: "unlimited" },
    times: ["2026-01-01T20:00:00Z", "2026-01-02T00:30:00+02:00", "2026-01-01T23:30:00Z"],
    keeps: {
      "2026-01-01T23:30:00Z": ["daily snapshot"],
      "2026-01-02T00:30:00+02:00": ["daily snapshot"],
      "2026-01-01T20:00:00Z": ["daily snapshot"],
    },
  },
  {
    name: "weeks are ISO weeks: they start on Monday, and 1 January 2027 is in week 53 of 2026",
    policy: { weekly: "unlimited" },
    times: ["2025-12-28T10:00:00Z", "2025-12-29T10:00:00Z", "2026-01-04T10:00:00Z", "2026-01-05T10:00:00Z"],
    keeps: {
      "2026-01-05T10:00:00Z": ["weekly snapshot"],
      "2026-01-04T10:00:00Z": ["weekly snapshot"],
      "2025-12-28T10:00:00Z": ["weekly snapshot"],
    },
  },
  {
    name: "monthly and yearly reach back, and the oldest is kept while they have counts left",
    policy: { monthly: 2, yearly: 3 },
    times: ["2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z", "2025-05-01T00:00:00Z", "2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z"],
    keeps: {
      "2026-04-02T00:00:00Z": ["monthly snapshot", "yearly snapshot"],
      "2025-05-01T00:00:00Z": ["monthly snapshot", "yearly snapshot"],
      "2024-03-01T00:00:00Z": ["yearly snapshot"],
    },
  },
  {
    name: "the oldest is kept as such where a count is left and its period is taken",
    policy: { daily: 5 },
    times: ["2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z", "2026-01-01T12:00:00Z"],
    keeps: { "2026-01-01T12:00:00Z": ["daily snapshot"], "2026-01-01T10:00:00Z": ["oldest daily snapshot"] },
  },
  {
    name: "all rules of a policy add up",
    policy: { last: 1, hourly: 1, daily: 2, weekly: 1, monthly: 1, yearly: 1 },
    times: ["2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z", "2026-01-03T10:00:00Z"],
    keeps: {
      "2026-01-03T10:00:00Z": [
        "last snapshot",
        "hourly snapshot",
        "daily snapshot",
        "weekly snapshot",
        "monthly snapshot",
        "yearly snapshot",
      ],
      "2026-01-02T10:00:00Z": ["daily snapshot"],
    },
  },
  {
    name: "within counts back from the newest snapshot, its start not included",
    policy: { within: parseKeepSpan("1d") },
    times: ["2026-01-01T09:59:59Z", "2026-01-01T10:00:00Z", "2026-01-01T10:00:00.000000001Z", "2026-01-02T10:00:00Z"],
    keeps: { "2026-01-02T10:00:00Z": ["within 1d"], "2026-01-01T10:00:00.000000001Z": ["within 1d"] },
  },
  {
    name: "within does not count from a snapshot in the future, and keeps that",
    policy: { within: parseKeepSpan("2d") },
    times: ["2026-05-01T00:00:00Z", "2026-05-30T00:00:00Z", "2026-05-31T00:00:00Z", "2027-01-01T00:00:00Z"],
    keeps: { "2027-01-01T00:00:00Z": ["within 2d"], "2026-05-31T00:00:00Z": ["within 2d"], "2026-05-30T00:00:00Z": ["within 2d"] },
  },
  {
    name: "within keeps all where all are in the future",
    policy: { within: parseKeepSpan("1h") },
    times: ["2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"],
    keeps: { "2028-01-01T00:00:00Z": ["within 1h"], "2027-01-01T00:00:00Z": ["within 1h"] },
  },
  {
    name: "a within rule for periods thins out, and names the oldest",
    policy: { withinDaily: parseKeepSpan("7d"), withinMonthly: parseKeepSpan("1y") },
    times: ["2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z", "2026-05-01T01:00:00Z", "2026-05-02T00:00:00Z"],
    keeps: {
      "2026-05-02T00:00:00Z": ["daily within 7d", "monthly within 1y"],
      "2026-05-01T01:00:00Z": ["daily within 7d"],
      "2026-04-01T00:00:00Z": ["monthly within 1y"],
    },
  },
  {
    name: "the oldest is kept by a within rule as well",
    policy: { withinYearly: parseKeepSpan("1y") },
    times: ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"],
    keeps: { "2026-03-01T00:00:00Z": ["yearly within 1y"], "2026-01-01T00:00:00Z": ["oldest yearly within 1y"] },
  },
  {
    name: "a count of 0 is no rule",
    policy: { last: 1, daily: 0, within: parseKeepSpan("0d"), withinDaily: parseKeepSpan("0h") },
    times: ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"],
    keeps: { "2026-02-01T00:00:00Z": ["last snapshot"] },
  },
];
for (const { name, policy, times, keeps } of cases) {
  test(`applyRetention(): ${name}`, () => {
    assert.deepEqual(
      kept(
        times.map((time) => snapshot(time)),
        policy,
      ),
      keeps,
    );
  });
}

test("applyRetention() keeps what has all tags of one list; an empty tag stands for none", () => {
  const snapshots = [
    snapshot("2026-01-01T00:00:00Z", { id: "both", tags: ["b", "a"] }),
    snapshot("2026-01-01T00:00:00Z", { id: "a", tags: ["a"] }),
    snapshot("2026-01-01T00:00:00Z", { id: "untagged" }),
  ];
  const keep = (...tags: readonly (readonly string[])[]): unknown => kept(snapshots, { tags }, { mayRemoveAll: true });
  assert.deepEqual(keep(["a", "b"]), { both: ["has tags [a, b]"] });
  assert.deepEqual(keep(["a"], ["a", "b"]), { both: ["has tags [a]", "has tags [a, b]"], a: ["has tags [a]"] });
  assert.deepEqual(keep([""]), { untagged: ["has tags []"] });
});

test("applyRetention() decides for each group of host and paths, in whatever order the paths are", () => {
  const time = "2026-01-01T00:00:00Z";
  const snapshots = [
    snapshot(time, { id: "1", paths: ["/b", "/a"], tags: ["x"] }),
    snapshot(time, { id: "2", paths: ["/a", "/b"] }),
    snapshot(time, { id: "3", hostname: "b", paths: ["/a"] }),
  ];
  const ids = (options: Partial<RetentionOptions>): unknown =>
    Array.from(applyRetention(snapshots, { last: 1 }, { nowMs: NOW_MS, ...options }), ({ keep, remove, ...names }) => ({
      ...names,
      keep: keep.map(({ snapshot: { id } }) => id).join(),
      remove: remove.map(({ id }) => id).join(),
    }));
  assert.deepEqual(ids({}), [
    { host: "a", paths: ["/a", "/b"], keep: "1", remove: "2" },
    { host: "b", paths: ["/a"], keep: "3", remove: "" },
  ]);
  assert.deepEqual(ids({ groupBy: ["tags"] }), [
    { tags: ["x"], keep: "1", remove: "" },
    { tags: [], keep: "2", remove: "3" },
  ]);
  assert.deepEqual(ids({ groupBy: [] }), [{ keep: "1", remove: "2,3" }]);
});

test("applyRetention() keeps the newest complete snapshot of a group whatever the rules say", () => {
  const snapshots = [
    snapshot("2026-01-01T00:00:00Z", { id: "old" }),
    snapshot("2026-01-02T00:00:00Z", { id: "good" }),
    snapshot("2026-01-03T00:00:00Z", { id: "partial", partial: true }),
  ];
  assert.deepEqual(kept(snapshots, { last: 1 }), { partial: ["last snapshot"], good: [LAST_GOOD_REASON] });
  assert.deepEqual(kept(snapshots, { last: 2 }), { partial: ["last snapshot"], good: ["last snapshot"] });
  assert.deepEqual(kept(snapshots, { tags: [["none"]] }), { good: [LAST_GOOD_REASON] });
  assert.deepEqual(kept(snapshots, { last: 1 }, { mayRemoveAll: true }), { partial: ["last snapshot"] });
  assert.deepEqual(kept(snapshots.slice(2), { tags: [["none"]] }), { partial: [LAST_REASON] });
});

test("applyRetention() refuses a policy without rules unless everything may be removed", () => {
  const snapshots = [snapshot("2026-01-01T00:00:00Z")];
  for (const policy of [{}, { last: 0, tags: [], within: parseKeepSpan("0d") }]) {
    assert.throws(
      () => kept(snapshots, policy),
      (error) => error instanceof DomainError && error.code === "retention_policy",
    );
    assert.deepEqual(kept(snapshots, policy, { mayRemoveAll: true }), {});
  }
});

for (const time of ["", "2026-01-01", "2026-13-01T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00+99:00"]) {
  test(`applyRetention() refuses "${time}" as the time of a snapshot`, () => {
    assert.throws(
      () => kept([snapshot(time)], { last: 1 }),
      (error) => error instanceof DomainError && error.code === "snapshot_time",
    );
  });
}
