/** A database that is held still thaws within its bound when whatever could tell it so is killed, and the backup can be repeated. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FaultWorld, faultWorld, holdDriver, type RunningCommand, untilTrue } from "../support/fault-world.ts";
import { succeeded } from "../support/location.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { killDaemon } from "../support/own-cluster.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const LIMIT_S = 25;
/** For a limit that is reached: the bound of the container's own timer, and what a busy machine adds. */
const SHORT_LIMIT_S = 6;
const SLACK_MS = 6_000;
/** Well below the limit: it was not the timer that thawed it. */
const AT_ONCE_MS = 15_000;

interface Victim {
  readonly what: string;
  readonly limitS: number;
  readonly boundMs: number;
  readonly kill: (world: FaultWorld, command: RunningCommand) => Promise<void>;
}

const daemon =
  (name: string): Victim["kill"] =>
  ({ name: cluster }) =>
    killDaemon(cluster, name);

const VICTIMS: readonly Victim[] = [
  { what: "the command", limitS: LIMIT_S, boundMs: AT_ONCE_MS, kill: async (_world, command) => command.kill() },
  { what: "the API server", limitS: LIMIT_S, boundMs: AT_ONCE_MS, kill: daemon("kube-apiserver") },
  { what: "the kubelet", limitS: LIMIT_S, boundMs: AT_ONCE_MS, kill: daemon("kubelet-node-1") },
  // It holds both ends of the session: only the timer in the container is left.
  { what: "containerd", limitS: SHORT_LIMIT_S, boundMs: SHORT_LIMIT_S * 1_000 + SLACK_MS, kill: daemon("containerd-node-1") },
];
const FROZEN = "select count(*) from pg_locks where relation = 'orders'::regclass and mode = 'ShareLock' and granted";

test("a database is thawed whoever is killed while it is held still, and nothing is left of the backup", { skip }, async (t) => {
  const world = await faultWorld(t);
  const { namespace, name, sql, start, cli } = world;
  succeeded(await cli.run("backup", namespace));
  await world.assertNothingLeft("after a backup that was not disturbed");
  let points = 1;
  for (const { what, limitS, boundMs, kill } of VICTIMS) {
    await t.test(`${what} is killed`, async (one) => {
      const when = `after ${what} was killed`;
      const since = await sql("select clock_timestamp()");
      const release = await holdDriver(name);
      const command = start("backup", namespace, "--quiesce-limit", `${limitS}s`);
      try {
        await untilTrue(async () => (await sql(FROZEN)) === "1" || !command.isRunning(), "the database is held still");
        if (!command.isRunning()) assert.fail((await command.ended).stderr);
        await kill(world, command);
      } finally {
        await world.heal();
        await untilTrue(async () => (await sql(FROZEN).catch(() => "")) === "0", `the database is thawed ${when}`);
        await release();
      }
      const gapMs = await world.longestGap(since);
      one.diagnostic(`no commit for ${gapMs} ms`);
      assert.ok(gapMs < boundMs, `${when}, no commit for ${gapMs} ms`);
      const { exitCode, stderr } = await command.ended;
      assert.ok([-1, 0, 3, 6, 7].includes(exitCode), `${exitCode}: ${stderr}`);
      await world.assertServing(when);
      const found = await world.points();
      assert.ok(found === points || ([0, 3].includes(exitCode) && found === points + 1), when);
      succeeded(await cli.run("backup", namespace));
      points = await world.points();
      assert.equal(points, found + 1, when);
      await world.assertNothingLeft(`by the backup ${when}`);
    });
  }
  const restic = await world.restic();
  // That of the command that was killed.
  await restic.run("unlock");
  await restic.run("check", "--read-data");
});
