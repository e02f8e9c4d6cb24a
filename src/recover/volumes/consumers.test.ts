import assert from "node:assert/strict";
import { test } from "node:test";
import { claimsOfPod, claimsOfSet } from "./consumers.ts";

test("a pod uses the claims that it names until it has ended", () => {
  const spec = { volumes: [{ persistentVolumeClaim: { claimName: "data" } }, { emptyDir: {} }] };
  assert.deepEqual(claimsOfPod({ spec }), ["data"]);
  assert.deepEqual(claimsOfPod({ spec, status: { phase: "Pending" } }), ["data"]);
  assert.deepEqual(claimsOfPod({ spec, status: { phase: "Succeeded" } }), []);
});

test("a StatefulSet uses the claims of all pods that it is to have, also of those whose turn has not come", () => {
  const templates = [{ metadata: { name: "data" } }, { metadata: { name: "log" } }];
  const set = (spec: object): Parameters<typeof claimsOfSet>[0] => ({
    metadata: { name: "db" },
    spec: { volumeClaimTemplates: templates, ...spec },
  });
  assert.deepEqual(claimsOfSet(set({ replicas: 2 })), ["data-db-0", "data-db-1", "log-db-0", "log-db-1"]);
  assert.deepEqual(claimsOfSet(set({ replicas: 1, ordinals: { start: 3 } })), ["data-db-3", "log-db-3"]);
  assert.deepEqual(claimsOfSet(set({})), ["data-db-0", "log-db-0"]);
  assert.deepEqual(claimsOfSet(set({ replicas: 0 })), []);
});
