import assert from "node:assert/strict";
import { test } from "node:test";
import { type GroupVersion, groupVersions, plainGroups, plainVersion } from "./discovery-answers.ts";
import { ResourceTable } from "./resource-table.ts";
import { nameOf, pathOf } from "./resource-type.ts";

function version(
  group: string,
  name: string,
  ...kinds: readonly (readonly [kind: string, plural: string, ...shortNames: string[]])[]
): GroupVersion {
  const resources = kinds.map(([kind, plural, ...shortNames]) => {
    const subresources = new Map<string, readonly string[]>();
    return {
      group,
      version: name,
      kind,
      plural,
      singular: kind.toLowerCase(),
      shortNames,
      categories: [],
      isNamespaced: true,
      verbs: [],
      subresources,
    };
  });
  return { group, version: name, isStale: false, resources };
}

const table = new ResourceTable([
  version("", "v1", ["Pod", "pods", "po"], ["Event", "events", "ev"]),
  version("apps", "v1", ["Deployment", "deployments", "deploy"]),
  version("autoscaling", "v2", ["HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa"]),
  version("autoscaling", "v1", ["HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa"], ["Old", "olds"]),
  version("events.k8s.io", "v1", ["Event", "events", "ev"]),
  version("a.example.com", "v1", ["Cluster", "clusters", "po"]),
  version("b.example.com", "v1beta1", ["Cluster", "clusters"]),
]);

const names: readonly (readonly [name: string, found: string])[] = [
  ["pods", "/api/v1/pods"],
  ["Pod", "/api/v1/pods"],
  ["po", "/api/v1/pods"],
  ["ev", "/api/v1/events"],
  ["events.events.k8s.io", "/apis/events.k8s.io/v1/events"],
  ["events.v1.events.k8s.io", "/apis/events.k8s.io/v1/events"],
  ["pods.v1", "/api/v1/pods"],
  ["pods.v1.", "/api/v1/pods"],
  ["deploy.apps", "/apis/apps/v1/deployments"],
  ["hpa", "/apis/autoscaling/v2/horizontalpodautoscalers"],
  ["hpa.v1.autoscaling", "/apis/autoscaling/v1/horizontalpodautoscalers"],
  ["olds", "/apis/autoscaling/v1/olds"],
  ["cluster.b.example.com", "/apis/b.example.com/v1beta1/clusters"],
];
for (const [name, found] of names) {
  test(`find() takes ${name} for ${found}`, () => assert.equal(pathOf(table.find(name), {}), found));
}

test("find() names those it cannot choose between, and what could not be asked", () => {
  assert.throws(() => table.find("clusters"), {
    kind: "usage",
    code: "kube_ambiguous",
    message: 'Cannot tell which resource "clusters" is: there are "clusters.a.example.com", "clusters.b.example.com"',
  });
  assert.throws(() => table.find("pods.apps"), {
    kind: "not-found",
    message: 'Cannot find resource "pods.apps": the cluster does not serve it',
  });
  const partly = new ResourceTable([{ ...version("metrics.k8s.io", "v1beta1"), isStale: true }]);
  assert.deepEqual(partly.staleGroups, ["metrics.k8s.io/v1beta1"]);
  assert.throws(() => partly.find("pods"), { message: /serve it, and metrics\.k8s\.io\/v1beta1 cannot be asked$/ });
});

test("ofObject() finds the version that an object is in", () => {
  assert.equal(table.ofObject("autoscaling/v1", "HorizontalPodAutoscaler")?.isPreferred, false);
  assert.equal(table.ofObject("autoscaling/v2", "HorizontalPodAutoscaler")?.isPreferred, true);
  assert.equal(table.ofObject("v1", "Deployment"), undefined);
});

test("ofKind() finds the version that the server prefers", () => {
  assert.equal(table.ofKind({ group: "autoscaling", kind: "HorizontalPodAutoscaler" })?.version, "v2");
  assert.equal(table.ofKind({ group: "", kind: "HorizontalPodAutoscaler" }), undefined);
});

test("pathOf() encodes what could leave its place in the path", () => {
  const resource = { group: "", version: "v1", plural: "pods" };
  assert.equal(pathOf(resource, { namespace: "a/b", name: "..?x", subresource: "log" }), "/api/v1/namespaces/a%2Fb/pods/..%3Fx/log");
});

test("both forms of discovery say the same", () => {
  const verbs = ["get", "list"];
  const scale = { subresource: "scale", responseKind: { kind: "Scale" }, verbs: ["get"] };
  const kinds = { shortNames: ["deploy"], categories: ["all"], verbs };
  const resource = {
    resource: "deployments",
    responseKind: { kind: "Deployment" },
    scope: "Namespaced",
    singularResource: "deployment",
    ...kinds,
  };
  const versions = [{ version: "v1", freshness: "Current", resources: [{ ...resource, subresources: [scale] }, { resource: "odd" }, 5] }];
  const aggregated = groupVersions({ items: [{ metadata: { name: "apps" }, versions }] });
  const plain = { name: "deployments", kind: "Deployment", namespaced: true, singularName: "", ...kinds };
  const resources = [plain, { name: "deployments/scale", kind: "Scale", verbs: ["get"] }, { name: "odd" }, 5];
  assert.deepEqual([plainVersion({ group: "apps", version: "v1" }, { resources })], aggregated);
  assert.deepEqual(aggregated[0]?.resources.map(nameOf), ["deployments.apps"]);
});

test("plainGroups() puts the preferred version first", () => {
  const groups = [{ name: "g", versions: [{ version: "v2" }, { version: "v1" }], preferredVersion: { version: "v1" } }];
  assert.deepEqual(plainGroups({ groups }), [
    { group: "g", version: "v1" },
    { group: "g", version: "v2" },
  ]);
  assert.deepEqual(plainGroups({ versions: ["v1"] }), [{ group: "", version: "v1" }]);
});
