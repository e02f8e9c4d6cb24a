import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../kube/json.ts";
import { readinessOf } from "./readiness.ts";

const why = (group: string, kind: string, object: JsonObject): string | undefined => {
  const readiness = readinessOf({ group, kind });
  assert.ok(readiness !== undefined);
  return readiness(object);
};
const conditions = (type: string, status: string): JsonObject => ({ status: { conditions: [{ type, status }] } });

test("a Deployment is ready when its controller has seen it and all replicas are there", () => {
  const deployment = (status: JsonObject): JsonObject => ({ metadata: { generation: 2 }, spec: { replicas: 2 }, status });
  assert.equal(
    why("apps", "Deployment", deployment({ observedGeneration: 1, updatedReplicas: 2, availableReplicas: 2 })),
    "its controller has not seen it",
  );
  assert.equal(why("apps", "Deployment", deployment({ observedGeneration: 2, updatedReplicas: 2, availableReplicas: 1 })), "1 of 2 ready");
  assert.equal(why("apps", "Deployment", deployment({ observedGeneration: 2, updatedReplicas: 2, availableReplicas: 2 })), undefined);
});

test("a DaemonSet is ready on all nodes that it is for, none included", () => {
  assert.equal(why("apps", "DaemonSet", { status: { desiredNumberScheduled: 0 } }), undefined);
  assert.equal(why("apps", "DaemonSet", { status: { desiredNumberScheduled: 1, updatedNumberScheduled: 1 } }), "0 of 1 ready");
});

test("a Job is ready when it works, has worked, or is not to", () => {
  assert.equal(why("batch", "Job", { status: {} }), "no pod of it runs");
  assert.equal(why("batch", "Job", { status: { ready: 1 } }), undefined);
  assert.equal(why("batch", "Job", { spec: { suspend: true } }), undefined);
  assert.equal(why("batch", "Job", conditions("Complete", "True")), undefined);
  assert.equal(why("batch", "Job", conditions("Failed", "True")), "it failed");
});

test("pods and claims are ready when they run and are bound", () => {
  assert.equal(why("", "Pod", { status: { phase: "Pending" } }), "it is pending");
  assert.equal(why("", "Pod", conditions("Ready", "True")), undefined);
  assert.equal(why("", "PersistentVolumeClaim", { status: { phase: "Pending" } }), "it is not bound to a volume");
  assert.equal(why("", "PersistentVolumeClaim", { status: { phase: "Bound" } }), undefined);
});

test("a custom resource is as ready as it says, and ready if it says nothing; configuration is not waited for", () => {
  assert.equal(why("example.com", "Thing", {}), undefined);
  assert.equal(why("example.com", "Thing", conditions("Ready", "False")), 'its condition "Ready" is "False"');
  assert.equal(readinessOf({ group: "", kind: "ConfigMap" }), undefined);
});
