import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { resticBinary } from "../../dev/peers/restic.ts";
import { parseKeepSpan } from "../../src/repository/keep-span.ts";
import {
  applyRetention,
  type GroupKey,
  type KeepPolicy,
  type RetentionGroup,
  type RetentionSnapshot,
} from "../../src/repository/retention.ts";
import { cheapenKeys } from "../support/cheap-keys.ts";
import { environment } from "../support/environment.ts";
import { runProgram } from "../support/program.ts";

const ZONES = ["UTC", "Europe/Berlin", "America/New_York"];
/** In the order in which they are made: the order of times is another one. */
const TIMES = [
  "2023-12-31 23:30:00",
  "2024-02-29 12:00:00",
  "2025-12-28 10:00:00",
  "2025-12-29 10:00:00",
  "2025-12-31 23:30:00",
  "2026-01-01 00:30:00",
  "2026-01-01 00:30:00",
  "2026-01-01 01:10:00",
  "2026-03-31 12:00:00",
  "2026-03-29 02:30:00",
  "2026-04-01 12:00:00",
  "2026-04-02 12:00:00",
  "2026-04-02 12:59:59",
  "2026-04-02 13:00:00",
  "2099-01-01 00:00:00",
];

const policies: readonly (readonly [args: string, policy: KeepPolicy, groupBy?: readonly GroupKey[]])[] = [
  ["--keep-last 3", { last: 3 }],
  ["--keep-last unlimited", { last: "unlimited" }],
  ["--keep-hourly 4", { hourly: 4 }],
  ["--keep-daily 5 --keep-last 1", { daily: 5, last: 1 }],
  ["--keep-weekly unlimited", { weekly: "unlimited" }],
  ["--keep-weekly 4 --keep-monthly 3 --keep-yearly 9", { weekly: 4, monthly: 3, yearly: 9 }],
  ["--keep-yearly 2", { yearly: 2 }],
  ["--keep-within 1d", { within: parseKeepSpan("1d") }],
  ["--keep-within 1y1m1d1h", { within: parseKeepSpan("1y1m1d1h") }],
  ["--keep-within-hourly 2d --keep-within-daily 6m", { withinHourly: parseKeepSpan("2d"), withinDaily: parseKeepSpan("6m") }],
  [
    "--keep-within-weekly 1y --keep-within-monthly 2y --keep-within-yearly 9y",
    { withinWeekly: parseKeepSpan("1y"), withinMonthly: parseKeepSpan("2y"), withinYearly: parseKeepSpan("9y") },
  ],
  ["--keep-tag a --keep-tag a,b --keep-last 1", { tags: [["a"], ["a", "b"]], last: 1 }],
  ["--keep-last 2 --group-by tags", { last: 2 }, ["tags"]],
  ["--keep-daily 3 --group-by host", { daily: 3 }, ["host"]],
  ["--keep-monthly 20 --group-by host,paths,tags", { monthly: 20 }, ["host", "paths", "tags"]],
  ["--keep-hourly 30 --group-by ''", { hourly: 30 }, []],
];

test("applyRetention() keeps what restic keeps, for the same reasons", async (t) => {
  const restic = await resticBinary(t.signal);
  const folder = await environment(t).temporaryFolder();
  const file = join(folder, "file");
  await writeFile(file, "content");
  const run = async (zone: string, ...args: readonly string[]): Promise<unknown> => {
    const env = { RESTIC_REPOSITORY: join(folder, "repository"), RESTIC_PASSWORD: "test", HOME: folder, TZ: zone };
    const { exitCode, stdout, stderr } = await runProgram(restic, ["--no-cache", "--json", ...args], { env, signal: t.signal });
    assert.equal(exitCode, 0, stderr);
    return stdout.startsWith("[") ? (JSON.parse(stdout) as unknown) : undefined;
  };
  await run("UTC", "init");
  await cheapenKeys(join(folder, "repository"), "test");
  // No two at the same moment: restic may take those in any order.
  const timesOfHostTwo = TIMES.slice(3, 14).map((time) => time.replace(/.$/, "7"));
  for (const [index, time] of [...TIMES, ...timesOfHostTwo].entries()) {
    const tags = [[], ["--tag", "a"], ["--tag", "b,a"]][index % 3] ?? [];
    const host = index < TIMES.length ? "one" : "two";
    await run(ZONES[index % ZONES.length] ?? "UTC", "backup", "--time", time, "--host", host, ...tags, file);
  }
  const snapshots = ((await run("UTC", "snapshots")) as ResticSnapshot[]).map(ourSnapshot);
  const nowMs = Temporal.Now.instant().epochMilliseconds;

  for (const [args, policy, groupBy] of policies) {
    await t.test(args, async () => {
      const words = args.split(" ").map((word) => (word === "''" ? "" : word));
      const theirs = (await run("UTC", "forget", "--dry-run", ...words)) as ResticGroup[];
      const ours = applyRetention(snapshots, policy, { nowMs, groupBy, mayRemoveAll: true });
      assert.deepEqual(summaryOf(ours.map(ourGroup)), summaryOf(theirs.map(theirGroup)));
    });
  }
});

interface ResticSnapshot {
  readonly id: string;
  readonly time: string;
  readonly hostname: string;
  readonly paths: readonly string[];
  readonly tags?: readonly string[];
}

interface ResticGroup {
  readonly keep: readonly ResticSnapshot[] | null;
  readonly remove: readonly ResticSnapshot[] | null;
  readonly reasons: readonly { readonly snapshot: ResticSnapshot; readonly matches: readonly string[] }[] | null;
}

interface Group {
  readonly keep: Readonly<Record<string, readonly string[]>>;
  readonly remove: readonly string[];
}

function ourSnapshot({ id, time, hostname, paths, tags = [] }: ResticSnapshot): RetentionSnapshot {
  return { id, time, hostname, paths, tags, partial: false };
}

function ourGroup({ keep, remove }: RetentionGroup<RetentionSnapshot>): Group {
  return {
    keep: Object.fromEntries(keep.map(({ snapshot, reasons }) => [snapshot.id, reasons])),
    remove: remove.map(({ id }) => id),
  };
}

function theirGroup({ reasons, remove }: ResticGroup): Group {
  return {
    keep: Object.fromEntries((reasons ?? []).map(({ snapshot, matches }) => [snapshot.id, matches])),
    remove: (remove ?? []).map(({ id }) => id),
  };
}

/** In an order that does not depend on who made it. */
function summaryOf(groups: readonly Group[]): unknown {
  const sorted = groups.map(({ keep, remove }) => ({ keep, remove: remove.toSorted(), key: Object.keys(keep).toSorted().join() }));
  return sorted.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}
