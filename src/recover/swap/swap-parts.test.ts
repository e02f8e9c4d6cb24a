import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../kube/json.ts";
import { claimsOfPod, isOfTemplates } from "./claim-pods.ts";
import { retentionChange } from "./claim-retention.ts";
import { claimToCome } from "./exchange.ts";
import { sizeFor } from "./plan-swap-volumes.ts";
import { missingIn } from "./serving.ts";
import { setFieldStep, valueAt } from "./set-field.ts";

const SETS = { group: "apps", version: "v1", plural: "statefulsets", kind: "StatefulSet" };

test("a claim is made again as people and controllers wrote it, without what binds it to its old volume", () => {
  const owners = [
    { apiVersion: "v1", kind: "Pod", name: "db-0", uid: "1" },
    { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid: "2" },
    { apiVersion: "example.com/v1", kind: "Database", name: "db", uid: "3" },
  ];
  const live = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: "data",
      namespace: "shop",
      uid: "u",
      resourceVersion: "7",
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { app: "db" },
      annotations: { "pv.kubernetes.io/bind-completed": "yes", team: "blue" },
      ownerReferences: owners,
    },
    spec: { accessModes: ["ReadWriteOnce"], storageClassName: "fast", volumeName: "pv-1" },
    status: { phase: "Bound" },
  };
  assert.deepEqual(claimToCome(live), {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: "data",
      namespace: "shop",
      labels: { app: "db" },
      annotations: { team: "blue" },
      ownerReferences: owners.slice(2),
    },
    spec: { accessModes: ["ReadWriteOnce"], storageClassName: "fast" },
  });
});

test("a StatefulSet's claims are known by their names, and an ordinal is a number", () => {
  const set = { metadata: { name: "db" }, spec: { volumeClaimTemplates: [{ metadata: { name: "data" } }] } };
  const names = ["data-db-0", "data-db-12", "data-db-x", "data-db-", "other-db-0", "data-db-0-1"];
  assert.deepEqual(
    names.filter((name) => isOfTemplates(set, name)),
    ["data-db-0", "data-db-12"],
  );
  const pod = { spec: { volumes: [{ persistentVolumeClaim: { claimName: "data-db-0" } }, { emptyDir: {} }] } };
  assert.deepEqual(claimsOfPod(pod), ["data-db-0"]);
});

test("only a StatefulSet that would delete its claims is told to keep them", () => {
  const workload = (policy: JsonObject | undefined): Parameters<typeof retentionChange>[0] => ({
    resource: SETS,
    object: {
      metadata: { name: "db", namespace: "shop" },
      spec: policy === undefined ? {} : { persistentVolumeClaimRetentionPolicy: policy },
    },
    name: "db",
    replicas: 1,
    stop: undefined,
  });
  assert.equal(retentionChange(workload(undefined)), undefined);
  assert.equal(retentionChange(workload({ whenScaled: "Retain", whenDeleted: "Retain" })), undefined);
  const change = retentionChange(workload({ whenScaled: "Delete", whenDeleted: "Retain" }));
  assert.deepEqual(change?.value, { whenDeleted: "Retain", whenScaled: "Retain" });
});

test("a step keeps the old value and who owned the field", () => {
  const fieldsV1 = { "f:spec": { "f:replicas": {}, "f:template": {} } };
  const object = {
    metadata: { name: "db", namespace: "shop", managedFields: [{ manager: "helm", operation: "Update", fieldsV1 }] },
    spec: { replicas: 3 },
  };
  const step = setFieldStep({ purpose: "stop", resource: SETS, object, path: ["spec", "replicas"], value: 0 });
  assert.deepEqual([step.old, step.value], [3, 0]);
  assert.deepEqual(step.owners, [{ manager: "helm", operation: "Update", fieldsV1: { "f:spec": { "f:replicas": {} } } }]);
  assert.equal(valueAt(object, ["spec", "suspend"]), null);
});

test("a workload serves when its controller has seen it and all its pods are ready", () => {
  const workload = (status: JsonObject): JsonObject => ({ metadata: { generation: 2 }, spec: { replicas: 2 }, status });
  assert.equal(missingIn(workload({ observedGeneration: 1, readyReplicas: 2 })), "its controller has not seen it");
  assert.equal(missingIn(workload({ observedGeneration: 2, readyReplicas: 1 })), "1 of 2 ready");
  assert.equal(missingIn(workload({ observedGeneration: 2, readyReplicas: 2 })), undefined);
});

test("a new volume is as large as the claim, as its volume, and as what was captured", () => {
  const volume = (capacityBytes: number): Parameters<typeof sizeFor>[0] => ({ capacityBytes }) as Parameters<typeof sizeFor>[0];
  const claim = { spec: { resources: { requests: { storage: "1Gi" } } }, status: { capacity: { storage: "2Gi" } } };
  assert.equal(sizeFor(volume(2 ** 30), claim), "2Gi");
  assert.equal(sizeFor(volume(3 * 2 ** 30), claim), String(3 * 2 ** 30));
});
