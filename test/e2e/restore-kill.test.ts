import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { listIn, objectIn, textIn } from "../../src/kube/json.ts";
import { listPages } from "../../src/kube/list.ts";
import { PROGRAM } from "../support/cli.ts";
import { comparableObjects } from "../support/comparable.ts";
import { status } from "../../dev/cluster/status.ts";
import { devCluster, ownClusterName } from "../support/own-cluster.ts";
import { TestCluster } from "../support/test-cluster.ts";
import { environment } from "../support/environment.ts";
import { CONFIG_MAPS, configMap, openKube } from "../support/kube.ts";
import { makeLocation, openCliOn, succeeded } from "../support/location.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const OBJECTS = 150;
const KILLS = 6;
const SERVER_KILLS = 2;
/** From when it starts to write, roughly, to when it is done. */
const [FIRST_MS, LAST_MS] = [900, 3_000];

test("a restore that is killed at any moment is repeated, and ends as one that was not", { skip }, async (t) => {
  const cluster = await environment(t).cluster();
  const { namespace, kubeconfig } = cluster;
  const names = Array.from({ length: OBJECTS }, (_, index) => `config-${index}`);
  // Of two owners each: written in two steps, so that some are left half done.
  await cluster.apply(...names.map((name) => configMap(name, { a: name })));
  await cluster.kubectl("label", "configmap", ...names, "touched=by-another");
  const location = await makeLocation(t);
  const cli = await openCliOn(t, location, kubeconfig);
  succeeded(await cli.run("backup", namespace));
  const api = await openKube(t, kubeconfig);
  const before = await comparableObjects(api, namespace);
  await cluster.kubectl("delete", "namespace", namespace, "--wait");

  const env = { PATH: process.env["PATH"], HOME: cli.folder, ...location.variables, KUBECONFIG: kubeconfig };
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(PROGRAM, ["restore", namespace], { env, stdio: "ignore" });
    const ended = once(child, "exit");
    await systemClock.sleep(FIRST_MS + Math.random() * (LAST_MS - FIRST_MS));
    child.kill("SIGKILL");
    await ended;
  }
  succeeded(await cli.run("restore", namespace));
  assert.deepEqual(await comparableObjects(api, namespace), before);
  for await (const { items } of listPages(api, CONFIG_MAPS, { namespace })) {
    const managers = items
      .flatMap((object) => listIn(objectIn(object, "metadata"), "managedFields"))
      .map((entry) => textIn(entry, "manager"));
    assert.ok(!managers.includes("holdfast-restore"));
  }
  const last = succeeded(await cli.run("restore", namespace, "-o", "json")).json() as { created: number; updated: number };
  assert.deepEqual([last.created, last.updated], [0, 0]);
});

test("a restore outlives the API server's death, or ends and is repeated", { skip }, async (t) => {
  const name = ownClusterName(t);
  succeeded(await devCluster("up", ["--name", name, "--control-plane-only"], t.signal));
  const cluster = await TestCluster.open(name, t.signal);
  const { namespace, kubeconfig } = cluster;
  const names = Array.from({ length: OBJECTS }, (_, index) => `config-${index}`);
  await cluster.apply(...names.map((object) => configMap(object, { a: object })));
  await cluster.kubectl("label", "configmap", ...names, "touched=by-another");
  const location = await makeLocation(t);
  const cli = await openCliOn(t, location, kubeconfig);
  succeeded(await cli.run("backup", namespace));
  const api = await openKube(t, kubeconfig);
  const before = await comparableObjects(api, namespace);
  for (let kill = 0; kill < SERVER_KILLS; kill++) {
    await cluster.kubectl("delete", "namespace", namespace, "--wait");
    const running = cli.run("restore", namespace, "--no-wait");
    await systemClock.sleep(FIRST_MS + Math.random() * (LAST_MS - FIRST_MS));
    const server = (await status()).find((one) => one.name === name)?.daemons.find((daemon) => daemon.name === "kube-apiserver");
    assert.ok(server?.pid !== undefined);
    process.kill(server.pid, "SIGKILL");
    succeeded(await devCluster("up", ["--name", name, "--control-plane-only"], t.signal));
    const { exitCode, stderr } = await running;
    assert.ok(exitCode === 0 || exitCode === 7, `${exitCode}: ${stderr}`);
    succeeded(await cli.run("restore", namespace, "--no-wait"));
    assert.deepEqual(await comparableObjects(api, namespace), before);
  }
});
