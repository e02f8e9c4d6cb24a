import assert from "node:assert/strict";
import { test } from "node:test";
import { classForClaim, isOfClaim } from "./class-secrets.ts";

const NAMESPACE = "csi.storage.k8s.io/provisioner-secret-namespace";
const NAME = "csi.storage.k8s.io/node-publish-secret-name";

test("a class is of the claim when its secrets are, whatever else its parameters say", () => {
  assert.ok(isOfClaim({ [NAMESPACE]: "${pvc.namespace}" }));
  assert.ok(isOfClaim({ [NAME]: "key-${pvc.annotations['team']}" }));
  assert.ok(!isOfClaim({ [NAMESPACE]: "storage", [NAME]: "key-${pv.name}" }));
  assert.ok(!isOfClaim({ subDir: "${pvc.metadata.namespace}/${pvc.metadata.name}" }));
});

test("the class for one claim names that claim, and is as the other in all else", () => {
  const object = {
    metadata: { name: "fast", uid: "u", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "csi.example.com",
    reclaimPolicy: "Delete",
    volumeBindingMode: "Immediate",
    parameters: {
      [NAMESPACE]: "${pvc.namespace}",
      [NAME]: "${pvc.name}-${pvc.annotations['team']}-${pv.name}",
      subDir: "${pvc.namespace}",
    },
  };
  const claim = { namespace: "shop", name: "data", object: { metadata: { annotations: { team: "red" } } } };
  assert.deepEqual(classForClaim(object, claim, { name: "own" }), {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "own" },
    provisioner: "csi.example.com",
    reclaimPolicy: "Delete",
    volumeBindingMode: "Immediate",
    parameters: { [NAMESPACE]: "shop", [NAME]: "data-red-${pv.name}", subDir: "${pvc.namespace}" },
  });
});
