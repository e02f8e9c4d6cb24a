import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Machine } from "../../dev/cluster/machine.ts";
import { stateDir } from "../../dev/cluster/spec.ts";
import { type ClusterStatus, status } from "../../dev/cluster/status.ts";
import { claim, IDLE, pod } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { devCluster, leftovers, ownClusterName } from "../support/own-cluster.ts";
import { TestCluster } from "../support/test-cluster.ts";

const options = { skip: SKIP_WITHOUT_CLUSTER };

async function statusOf(name: string): Promise<ClusterStatus> {
  const found = (await status()).find((cluster) => cluster.name === name);
  assert.ok(found, `status does not name ${name}`);
  return found;
}

async function upAgain(name: string, t: TestContext): Promise<void> {
  const result = await devCluster("up", ["--name", name], t.signal);
  assert.equal(result.exitCode, 0, result.stderr);
  assert.equal((await statusOf(name)).state, "ready");
}

test("up repairs a cluster after kill -9 of any component", options, async (t) => {
  const name = ownClusterName(t);
  await upAgain(name, t);
  const cluster = await TestCluster.open(name, t.signal);
  const image = await cluster.image("shell");
  await cluster.apply(claim("kept"), claim("raw", { block: true, size: "16Mi" }));
  await cluster.apply(pod("holder", { image, command: IDLE, mounts: { "/data": "kept" }, devices: { "/dev/raw": "raw" } }));
  await cluster.waitFor("pod/holder", "condition=Ready");
  await cluster.exec(
    "holder",
    "sh",
    "-c",
    "echo before > /data/file; sync -d /data/file; echo raw | dd of=/dev/raw conv=fsync,notrunc 2>/dev/null",
  );

  const { daemons } = await statusOf(name);
  assert.ok(daemons.length >= 14, `only ${daemons.length} components`);
  for (const { name: component, pid } of daemons) {
    await t.test(component, async () => {
      assert.ok(pid !== undefined);
      process.kill(pid, "SIGKILL");
      while ((await statusOf(name)).state !== "degraded") await sleep(20, undefined, { signal: t.signal });
      await upAgain(name, t);
    });
  }
  await cluster.apply(claim("later"), pod("new", { image, command: IDLE, mounts: { "/data": "later" } }));
  await cluster.waitFor("pod/new", "condition=Ready");
  assert.equal(await cluster.exec("holder", "cat", "/data/file"), "before\n", "the running pod never lost its volume");

  await t.test("the machine itself", async () => {
    await killMachine(name);
    assert.equal((await statusOf(name)).state, "stopped");
    await upAgain(name, t);
    await cluster.waitFor("pod/holder", "jsonpath={.status.containerStatuses[0].restartCount}=1");
    await cluster.waitFor("pod/holder", "condition=Ready");
    assert.equal(await cluster.exec("holder", "cat", "/data/file"), "before\n");
    assert.equal(await cluster.exec("holder", "sh", "-c", "head -c 4 /dev/raw"), "raw\n");
  });

  await killMachine(name);
  assert.equal((await devCluster("down", ["--name", name], t.signal)).exitCode, 0);
  assert.deepEqual(await leftovers(name), [], "down also removes what a killed machine left behind");
});

async function killMachine(name: string): Promise<void> {
  const machine = await Machine.find(stateDir(name));
  assert.ok(machine);
  process.kill(machine.pid, "SIGKILL");
  while (await Machine.find(stateDir(name))) await sleep(20);
}

/** Moments after the start of `up`: before anything runs, while it boots, and while it waits for its nodes. */
const KILL_AFTER_MS = [200, 600, 1_500, 4_000];

for (const killAfterMs of KILL_AFTER_MS) {
  test(`a cluster whose up was killed after ${killAfterMs} ms is removed by down or finished by up`, options, async (t) => {
    const name = ownClusterName(t);
    const start = async (): Promise<void> => {
      const up = spawn(join(import.meta.dirname, "../../dev/cluster/up"), ["--name", name, "--owner", String(process.pid)], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      let progress = "";
      up.stderr.setEncoding("utf8").on("data", (text: string) => (progress += text));
      while (!progress.includes("Starting cluster")) await sleep(5, undefined, { signal: t.signal });
      await sleep(killAfterMs);
      up.kill("SIGKILL");
      await once(up, "close");
    };
    await start();
    const down = await devCluster("down", ["--name", name], t.signal);
    assert.equal(down.exitCode, 0, down.stderr);
    assert.deepEqual(await leftovers(name), []);
    await start();
    await upAgain(name, t);
  });
}
