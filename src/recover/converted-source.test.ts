import assert from "node:assert/strict";
import { test } from "node:test";
import { textIn } from "../kube/json.ts";
import type { ResourceType } from "../kube/resource-type.ts";
import type { CapturedResource } from "../point/description.ts";
import type { PointObject } from "../point/point-object.ts";
import { conversionFindings, convertedSource } from "./converted-source.ts";
import type { PointSource } from "./point-source.ts";

const BUDGETS = { group: "policy", version: "v1beta1", plural: "poddisruptionbudgets", kind: "PodDisruptionBudget", count: 1 };
const POLICIES = { group: "policy", version: "v1beta1", plural: "podsecuritypolicies", kind: "PodSecurityPolicy", count: 1 };
const MAPS = { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", count: 1 };

function point(...resources: readonly CapturedResource[]): PointSource {
  return {
    id: "p",
    resources,
    dependencies: [],
    async *objects({ group, version, plural }): AsyncGenerator<PointObject, void, undefined> {
      const apiVersion = group === "" ? version : `${group}/${version}`;
      const object = { apiVersion, kind: "Any", metadata: { name: plural } };
      yield { resource: { group, version, plural }, namespace: "shop", name: plural, object };
    },
  };
}

function serves(...resources: readonly Pick<ResourceType, "group" | "plural" | "version">[]): {
  readonly resources: readonly ResourceType[];
} {
  const rest = { isPreferred: true, kind: "", singular: "", shortNames: [], categories: [], isNamespaced: true, verbs: [] };
  const subresources = new Map<string, readonly string[]>();
  return { resources: resources.map(({ group, version, plural }) => Object.assign({ group, version, plural, subresources }, rest)) };
}

async function read(source: PointSource): Promise<readonly string[]> {
  const lists = await Promise.all(source.resources.map((resource) => Array.fromAsync(source.objects(resource))));
  return lists.flat().map(({ resource, object }) => `${resource.plural} ${resource.version} ${textIn(object, "apiVersion") ?? ""}`);
}

test("convertedSource() shows what the target has no more as what came after, and the rest as it is", async () => {
  const source = convertedSource(point(BUDGETS, MAPS, POLICIES), serves(MAPS, { ...BUDGETS, version: "v1" }));
  assert.deepEqual(await read(source), [
    "poddisruptionbudgets v1 policy/v1",
    "configmaps v1 v1",
    "podsecuritypolicies v1beta1 policy/v1beta1",
  ]);
  assert.deepEqual(
    conversionFindings(source).map(({ message }) => message),
    ['poddisruptionbudgets.policy of policy/v1beta1 are restored as policy/v1, by the rule "disruption_budget_v1beta1"'],
  );
});

test("convertedSource() converts nothing that the target serves, or that it would not serve either way", async () => {
  for (const table of [serves(BUDGETS, { ...BUDGETS, version: "v1" }), serves(MAPS)]) {
    assert.deepEqual(await read(convertedSource(point(BUDGETS), table)), ["poddisruptionbudgets v1beta1 policy/v1beta1"]);
  }
});

test("convertedSource() takes no object twice that an old server served in two groups", async () => {
  const [old, now] = [
    { group: "extensions", version: "v1beta1", plural: "ingresses", kind: "Ingress", count: 1 },
    { group: "networking.k8s.io", version: "v1", plural: "ingresses", kind: "Ingress", count: 1 },
  ];
  assert.deepEqual(await read(convertedSource(point(old, now), serves(now))), ["ingresses v1 networking.k8s.io/v1"]);
});
