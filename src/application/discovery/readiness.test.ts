import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../kube/json.ts";
import { readinessOf } from "./readiness.ts";

const condition = (type: string): JsonObject => ({ conditions: [{ type, status: "True" }] });

const cases: readonly (readonly [kind: string, fields: JsonObject, shown: string])[] = [
  ["apps/v1 Deployment", { spec: { replicas: 3 }, status: { readyReplicas: 2 } }, "2/3 no"],
  ["apps/v1 Deployment", { spec: { replicas: 2 }, status: { readyReplicas: 2 } }, "2/2 yes"],
  ["apps/v1 StatefulSet", { spec: { replicas: 0 } }, "0/0 yes"],
  ["apps/v1 ReplicaSet", {}, "0/1 no"],
  ["v1 ReplicationController", { spec: { replicas: 1 }, status: { readyReplicas: 1 } }, "1/1 yes"],
  ["apps/v1 DaemonSet", { status: { desiredNumberScheduled: 3, numberReady: 1 } }, "1/3 no"],
  ["batch/v1 CronJob", { spec: { suspend: true } }, "suspended yes"],
  ["batch/v1 CronJob", { spec: {} }, "scheduled yes"],
  ["batch/v1 Job", { status: condition("Complete") }, "done yes"],
  ["batch/v1 Job", { status: condition("Failed") }, "failed no"],
  ["batch/v1 Job", { status: { active: 1 } }, "runs yes"],
  ["v1 Pod", { status: { phase: "Running", ...condition("Ready") } }, "running yes"],
  ["v1 Pod", { status: { phase: "Running" } }, "running no"],
  ["v1 Pod", { status: { phase: "Succeeded" } }, "done yes"],
  ["v1 Pod", { status: { phase: "Pending" } }, "pending no"],
];
for (const [type, fields, shown] of cases) {
  test(`a ${type} with ${JSON.stringify(fields)} is ${shown}`, () => {
    const [apiVersion = "", kind = ""] = type.split(" ");
    const { text, isReady } = readinessOf({ apiVersion, kind, ...fields }) ?? { text: "", isReady: undefined };
    assert.equal(`${text} ${isReady === true ? "yes" : "no"}`, shown);
  });
}

test("what runs nothing is neither ready nor not", () => {
  assert.equal(readinessOf({ apiVersion: "v1", kind: "ConfigMap" }), undefined);
  assert.equal(readinessOf({ apiVersion: "example.com/v1", kind: "Deployment" }), undefined);
});
