/** Volumes are exchanged under a live application; however that ends, it is on the right volume or on the old one, never on an empty one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../src/kube/json.ts";
import { createObject } from "../../src/kube/objects.ts";
import { watch } from "../../src/kube/watch.ts";
import { CLAIMS } from "../../src/recover/volumes/storage-objects.ts";
import { claim, podSpec } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { ON_NODE, serving, swapWorld } from "../support/swap-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const RETENTION = { whenScaled: "Delete", whenDeleted: "Delete" };

test(
  "a claim gets its restored volume; the old one is set aside, comes back by undo, and goes when it is released",
  { skip },
  async (t) => {
    const world = await swapWorld(t);
    const { cluster } = world;
    await serving(world, { persistentVolumeClaimRetentionPolicy: RETENTION });
    const before = await world.volumeOf("data-db-0");
    const labels = await cluster.field("pvc/data-db-0", ".metadata.labels");
    const filled = await world.fill("restored");
    const { report, findings } = await world.swap(["data-db-0"], [filled]);
    t.diagnostic(`downtime ${report.downtimeMs} ms`);
    assert.deepEqual(findings, []);
    assert.equal(await world.content(), "restored");
    assert.equal(await world.volumeOf("data-db-0"), filled.persistentVolume);
    assert.equal(await cluster.field("pvc/data-db-0", ".metadata.labels"), labels);
    assert.deepEqual(JSON.parse(await cluster.field("statefulset/db", ".spec.persistentVolumeClaimRetentionPolicy")), RETENTION);
    assert.equal(await cluster.field(`pv/${before}`, ".spec.persistentVolumeReclaimPolicy"), "Retain");
    assert.equal(await cluster.field(`pv/${filled.persistentVolume}`, ".spec.persistentVolumeReclaimPolicy"), "Delete");
    const managers = ["get", "--show-managed-fields", "-o", "jsonpath={.metadata.managedFields[*].manager}"];
    assert.ok(!(await cluster.kubectl(...managers, "statefulset/db")).includes("holdfast"));
    assert.ok(!(await cluster.kubectl(...managers, "pvc/data-db-0")).includes("holdfast"));

    await cluster.exec("db-0", "sh", "-c", "echo later > /data/content");
    const undone = (await world.undo(report.run)).report;
    assert.ok(undone !== undefined && "claims" in undone);
    assert.equal(await world.content(), "old");
    assert.equal(await world.volumeOf("data-db-0"), before);
    assert.deepEqual(
      undone.claims.map(({ setAside }) => setAside),
      [filled.persistentVolume],
    );
    assert.equal((await world.undo(report.run)).report, undefined);

    const again = (await world.undo(undone.run)).report;
    assert.ok(again !== undefined && "claims" in again);
    assert.equal(await world.content(), "later");
    assert.deepEqual(await world.release(again.run), [before]);
    assert.equal(await cluster.kubectl("get", "pv", before, "--ignore-not-found"), "");
    await assert.rejects(world.undo(again.run), { kind: "not-found", code: "volume_lost" });
    assert.equal(await world.content(), "later");
  },
);

test("two claims of a Deployment, one of them used by a pod that has ended, come to their volumes at once", { skip }, async (t) => {
  const world = await swapWorld(t);
  const { cluster, image } = world;
  for (const name of ["one", "two"]) await cluster.apply({ ...claim(name, { size: "64Mi" }), metadata: { name, annotations: ON_NODE } });
  const command = ["sh", "-c", "exec sleep 1000000"];
  const template = { metadata: { labels: { app: "web" } }, spec: podSpec({ image, command, mounts: { "/data": "one", "/more": "two" } }) };
  const spec = { replicas: 2, selector: { matchLabels: { app: "web" } }, template };
  const ended = { ...podSpec({ image, command: ["true"], mounts: { "/data": "one" } }), restartPolicy: "Never" };
  await cluster.apply(
    { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec },
    { apiVersion: "batch/v1", kind: "Job", metadata: { name: "once" }, spec: { template: { spec: ended } } },
  );
  await cluster.waitFor("deployment/web", "condition=Available");
  await cluster.waitFor("job/once", "condition=Complete");
  const filled = await Promise.all([world.fill("first"), world.fill("second")]);
  const { report } = await world.swap(["one", "two"], filled);
  t.diagnostic(`downtime ${report.downtimeMs} ms`);
  assert.equal((await cluster.exec("deployment/web", "cat", "/data/content", "/more/content")).trim(), "first\nsecond");
  assert.equal(await cluster.field("deployment/web", ".spec.replicas"), "2");
  assert.equal(await cluster.field("job/once", ".status.succeeded"), "1");
});

test("a claim that somebody makes in mid-exchange gets the restored volume, not an empty one", { skip }, async (t) => {
  const world = await swapWorld(t);
  const { api, namespace } = world;
  await serving(world);
  const filled = await world.fill("restored");
  // As a controller does that must have its claim: at once, and with no volume in mind.
  const own = claim("data-db-0", { size: "64Mi", labels: { of: "operator" } }) as JsonObject;
  const stop = new AbortController();
  const operator = (async (): Promise<void> => {
    for await (const event of watch(api, CLAIMS, { namespace, signal: stop.signal })) {
      if (event.type === "deleted") await createObject(api, CLAIMS, own, { namespace, fieldManager: "operator" }).catch(() => undefined);
    }
  })().catch(() => undefined);
  await world.swap(["data-db-0"], [filled]);
  stop.abort();
  await operator;
  assert.equal(await world.content(), "restored");
  assert.equal(await world.volumeOf("data-db-0"), filled.persistentVolume);
});
