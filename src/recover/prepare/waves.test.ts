import assert from "node:assert/strict";
import { test } from "node:test";
import { type Wave, WAVES, waveOf } from "./waves.ts";

function wave(name: string): Wave {
  const [plural = "", ...group] = name.split(".");
  return waveOf({ plural, group: group.join("."), version: "v1" });
}

test("waveOf() puts everything after what it needs", () => {
  const order = [
    ["namespaces", "customresourcedefinitions.apiextensions.k8s.io"],
    ["storageclasses.storage.k8s.io", "priorityclasses.scheduling.k8s.io"],
    ["serviceaccounts", "rolebindings.rbac.authorization.k8s.io", "limitranges"],
    ["persistentvolumeclaims"],
    ["secrets", "configmaps", "podtemplates"],
    ["services", "networkpolicies.networking.k8s.io"],
    ["postgresqls.example.com", "volumesnapshots.snapshot.storage.k8s.io"],
    ["deployments.apps", "pods", "jobs.batch"],
    ["horizontalpodautoscalers.autoscaling", "ingresses.networking.k8s.io"],
    ["mutatingwebhookconfigurations.admissionregistration.k8s.io", "apiservices.apiregistration.k8s.io"],
    ["resourcequotas"],
  ];
  assert.deepEqual(
    order.map((resources) => Array.from(new Set(resources.map(wave)))),
    WAVES.map((name) => [name]),
  );
});
