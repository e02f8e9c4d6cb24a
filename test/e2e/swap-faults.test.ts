/** A swap that fails half way ends with the old volume serving. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import type { JsonObject } from "../../src/kube/json.ts";
import { createObject } from "../../src/kube/objects.ts";
import { CLAIMS } from "../../src/recover/volumes/storage-objects.ts";
import { listRuns } from "../../src/run/records.ts";
import { claim } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { assertAsBefore, RETENTION, serving, swapWorld } from "../support/swap-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;

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

test("a swap that is cancelled goes back first", { skip }, async (t) => {
  const world = await swapWorld(t);
  await serving(world, { persistentVolumeClaimRetentionPolicy: RETENTION });
  const before = await world.volumeOf("data-db-0");
  const filled = await world.fill("restored");
  await assert.rejects(world.swap(["data-db-0"], [filled], { cancelledAfter: 8 }), {
    kind: "cancelled",
    message: "Cancelled by SIGINT; the old volumes serve again",
  });
  await assertAsBefore(world, before);
  assert.equal(await world.content(), "old");
  assert.equal((await listRuns(world.location, undefined, {}))[0]?.end?.outcome, "rolled-back");
});
