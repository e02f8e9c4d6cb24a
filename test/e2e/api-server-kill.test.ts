import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { forEachConcurrent } from "../../src/base/concurrency.ts";
import type { KubeApi } from "../../src/kube/kube-api.ts";
import { listPages } from "../../src/kube/list.ts";
import { createObject } from "../../src/kube/objects.ts";
import { comparableObjects } from "../support/comparable.ts";
import { CONFIG_MAPS, configMap, FIELD_MANAGER, openKube } from "../support/kube.ts";
import { listedPoints, makeLocation, openCliOn, succeeded } from "../support/location.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { controlPlane, devCluster, killDaemon } from "../support/own-cluster.ts";
import type { CommandResult } from "../support/program.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const OBJECTS = 2_000;
/** Whether the server is back while the command waits for it, or when that has given up. */
type Return = "meanwhile" | "afterwards";
/** As a part of the time that a backup takes. */
const BACKUPS: readonly (readonly [moment: number, back: Return])[] = [
  [0.5, "afterwards"],
  [0.7, "meanwhile"],
];
/** How many objects are there when the server ends. */
const RESTORES: readonly (readonly [count: number, back: Return])[] = [
  [300, "afterwards"],
  [1_500, "meanwhile"],
];
const UNAVAILABLE = 7;

test("what is under way when the API server is killed ends whole or with a clear error, and can be repeated", { skip }, async (t) => {
  const { name, cluster } = await controlPlane(t);
  const { namespace, kubeconfig } = cluster;
  const api = await openKube(t, kubeconfig);
  const options = { namespace, fieldManager: FIELD_MANAGER, signal: t.signal };
  const names = Array.from({ length: OBJECTS }, (_, index) => `config-${index}`);
  await forEachConcurrent(names, { limit: 16, signal: t.signal }, async (one) => {
    await createObject(api, CONFIG_MAPS, configMap(one, { key: one.repeat(100) }), options);
  });
  const cli = await openCliOn(t, await makeLocation(t), kubeconfig);
  const disturbed = async (moment: Promise<unknown>, back: Return, ...args: readonly string[]): Promise<CommandResult> => {
    const running = cli.run(...args);
    await Promise.race([moment, running]);
    await killDaemon(name, "kube-apiserver");
    if (back === "afterwards") await running;
    succeeded(await devCluster("up", ["--name", name, "--control-plane-only"], t.signal));
    return running;
  };

  const startMs = systemClock.now();
  succeeded(await cli.run("backup", namespace));
  const undisturbedMs = systemClock.now() - startMs;
  const [first] = await listedPoints(cli);
  assert.ok(first !== undefined && first.objects > OBJECTS);

  await t.test("a backup", async () => {
    let saved = 1;
    for (const [moment, back] of BACKUPS) {
      const result = await disturbed(systemClock.sleep(moment * undisturbedMs), back, "backup", namespace);
      if (result.exitCode === 0) saved++;
      else assertUnavailable(result);
      assert.equal((await listedPoints(cli)).length, saved, "no half point is listed");
    }
    succeeded(await cli.run("backup", namespace));
    assert.deepEqual(
      new Set((await listedPoints(cli)).map(({ objects, isPartial }) => `${objects} ${isPartial}`)),
      new Set([`${first.objects} false`]),
    );
  });

  await t.test("a restore", async () => {
    const before = await comparableObjects(api, namespace);
    for (const [count, back] of RESTORES) {
      const target = `restored-${count}`;
      const args = ["restore", namespace, "--to-namespace", target, "--max-speed"];
      const ended = new AbortController();
      const result = await disturbed(untilThere(api, target, count, ended.signal), back, ...args);
      ended.abort();
      if (back === "afterwards" || result.exitCode !== 0) assertUnavailable(result);
      succeeded(await cli.run(...args));
      assert.deepEqual(await comparableObjects(api, target), before);
    }
  });
});

function assertUnavailable({ exitCode, stderr }: CommandResult): void {
  assert.equal(exitCode, UNAVAILABLE, stderr);
  assert.match(stderr, /^Cannot /m);
}

async function untilThere(api: KubeApi, namespace: string, count: number, signal: AbortSignal): Promise<void> {
  while (true) {
    let found = 0;
    for await (const { items } of listPages(api, CONFIG_MAPS, { namespace, isMetadataOnly: true, signal })) found += items.length;
    if (found >= count) return;
    await systemClock.sleep(20, signal);
  }
}
