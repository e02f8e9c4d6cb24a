/** A swap that fails or is killed half way ends with the old volume serving, or with the restored one: never in between. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import type { JsonObject } from "../../src/kube/json.ts";
import { createObject } from "../../src/kube/objects.ts";
import { CLAIMS } from "../../src/recover/volumes/storage-objects.ts";
import { listRuns } from "../../src/run/records.ts";
import { claim } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { runProgram } from "../support/program.ts";
import { serving, type SwapWorld, swapWorld } from "../support/swap-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const RETENTION = { whenScaled: "Delete", whenDeleted: "Retain" };

/** Nothing of a swap is left on the application. */
async function assertAsBefore({ cluster }: SwapWorld, volume: string): Promise<void> {
  assert.equal(await cluster.field("pvc/data-db-0", ".spec.volumeName"), volume);
  assert.equal(await cluster.field("statefulset/db", ".spec.replicas"), "1");
  assert.deepEqual(JSON.parse(await cluster.field("statefulset/db", ".spec.persistentVolumeClaimRetentionPolicy")), RETENTION);
  assert.equal(await cluster.field(`pv/${volume}`, ".spec.persistentVolumeReclaimPolicy"), "Delete");
  assert.doesNotMatch(await cluster.field(`pv/${volume}`, ".metadata.annotations"), /"holdfast\.dev\//);
}

test("pods that do not become ready on the restored volume serve the old one again; what they wrote is kept", { skip }, async (t) => {
  const world = await swapWorld(t);
  const { cluster } = world;
  await serving(world, { persistentVolumeClaimRetentionPolicy: RETENTION });
  const before = await world.volumeOf("data-db-0");
  const filled = await world.fill("broken");
  await assert.rejects(world.swap(["data-db-0"], [filled], { waitMs: 6_000 }), (error: Error & { readonly code?: string }) => {
    assert.equal(error.code, "swap_not_ready");
    assert.match(error.message, /StatefulSet "db": 0 of 1 ready after 6 s; the old volumes serve again$/);
    return true;
  });
  assert.equal(await world.content(), "old");
  await assertAsBefore(world, before);
  const [run] = await listRuns(world.location, undefined, {});
  assert.equal(run?.end?.outcome, "rolled-back");
  assert.deepEqual(await world.release(run.header.id), [filled.persistentVolume]);
  assert.equal(await cluster.kubectl("get", "pv", filled.persistentVolume, "--ignore-not-found"), "");
});

test("a claim that an admission policy would refuse is not touched", { skip }, async (t) => {
  const world = await swapWorld(t);
  const { cluster, namespace } = world;
  await serving(world, { persistentVolumeClaimRetentionPolicy: RETENTION });
  const before = await world.volumeOf("data-db-0");
  const filled = await world.fill("restored");
  const name = `swap-${namespace}`;
  const api = { apiVersion: "admissionregistration.k8s.io/v1" };
  t.after(() => cluster.kubectl("delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", name, "--ignore-not-found"));
  const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["persistentvolumeclaims"] };
  const selector = { matchLabels: { "kubernetes.io/metadata.name": namespace } };
  await cluster.apply(
    {
      ...api,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name },
      spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: "false", message: "no more claims here" }] },
    },
    {
      ...api,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name },
      spec: { policyName: name, validationActions: ["Deny"], matchResources: { namespaceSelector: selector } },
    },
  );
  // The server hears of a policy a moment after it is there.
  const probe = claim("probe") as JsonObject;
  const isTaken = async (): Promise<boolean> =>
    createObject(world.api, CLAIMS, probe, { namespace, fieldManager: "test", isDryRun: true }).then(
      () => true,
      () => false,
    );
  while (await isTaken()) await systemClock.sleep(100, t.signal);
  await assert.rejects(world.swap(["data-db-0"], [filled]), (error: Error & { readonly code?: string }) => {
    assert.equal(error.code, "swap_claim_refused");
    assert.match(error.message, /no more claims here/);
    return true;
  });
  await assertAsBefore(world, before);
  assert.equal(await world.content(), "old");
});

test("a location that stops answering in mid-exchange keeps nothing down; the run is ended later", { skip }, async (t) => {
  const world = await swapWorld(t);
  const { location } = world;
  await serving(world, { persistentVolumeClaimRetentionPolicy: RETENTION });
  const before = await world.volumeOf("data-db-0");
  const filled = await world.fill("restored");
  await assert.rejects(world.swap(["data-db-0"], [filled], { recordsTaken: 7 }), (error: Error & { readonly code?: string }) => {
    assert.equal(error.code, "storage_unavailable");
    assert.match(error.message, /the old volumes serve again$/);
    return true;
  });
  await assertAsBefore(world, before);
  assert.equal(await world.content(), "old");
  const [run] = await listRuns(location, undefined, {});
  assert.ok(run !== undefined && run.end === undefined);
  await world.undo(run.header.id);
  assert.equal((await listRuns(location, undefined, {}))[0]?.end?.outcome, "rolled-back");
  await assertAsBefore(world, before);
  assert.equal(await world.content(), "old");
});

/** The records of a swap, in their order, are: its header, the new volume kept, reserved, the old one kept, the claims retained, the pods stopped, the exchange, serving, ready. */
const KILLS: readonly { readonly record: number; readonly afterMs: number }[] = [
  { record: 5, afterMs: 100 },
  { record: 7, afterMs: 700 },
  { record: 7, afterMs: 1_400 },
  { record: 8, afterMs: 0 },
  { record: 9, afterMs: 0 },
];

test("a swap that is killed at any step is ended by undoing it, on the old volume or the restored one", { skip }, async (t) => {
  const world = await swapWorld(t);
  const { cluster, location } = world;
  await serving(world, { persistentVolumeClaimRetentionPolicy: RETENTION });
  let [volume, content] = [await world.volumeOf("data-db-0"), "old"];
  for (const [index, dieAt] of KILLS.entries()) {
    const filled = await world.fill(`restored-${index}`);
    const setting = { ...world.setting(["data-db-0"], [filled]), dieAt };
    const killed = await runProgram(process.execPath, [join(import.meta.dirname, "../support/swap-process.ts"), JSON.stringify(setting)]);
    const run = (await listRuns(location, undefined, {})).at(-1);
    const moment = `killed ${dieAt.afterMs} ms after record ${dieAt.record}`;
    assert.ok(run !== undefined);
    if (killed.exitCode === -1) {
      assert.equal(run.end, undefined, moment);
      const { report } = await world.undo(run.header.id);
      t.diagnostic(`${moment}: ${report !== undefined && "outcome" in report ? report.outcome : ""}`);
      assert.ok(report !== undefined && "outcome" in report, moment);
      if (report.outcome === "succeeded") [volume, content] = [filled.persistentVolume, `restored-${index}`];
    } else {
      t.diagnostic(`${moment}: it was faster`);
      assert.equal(killed.exitCode, 0, killed.stderr);
      [volume, content] = [filled.persistentVolume, `restored-${index}`];
    }
    assert.equal(await world.content(), content, moment);
    await assertAsBefore(world, volume);
    await world.release(run.header.id);
  }
  const left = await cluster.kubectl("get", "pv", "-o", "jsonpath={range .items[*]}{.spec.claimRef.namespace} {end}");
  assert.equal(left.split(" ").filter((one) => one === world.namespace).length, 1);
});
