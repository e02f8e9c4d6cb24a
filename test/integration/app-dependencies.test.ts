import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Claims } from "../../src/application/claims.ts";
import { type Dependencies, DependencyCollector } from "../../src/application/dependencies/collector.ts";
import { MembershipRules } from "../../src/application/membership.ts";
import { tableOf } from "../../src/application/testing/table.ts";
import type { DeclaredUnit, Unit } from "../../src/application/unit.ts";
import type { JsonObject } from "../../src/kube/json.ts";
import { idOfObject, shortId } from "../../src/kube/object-id.ts";
import { objectServer } from "../support/object-server.ts";

const table = tableOf([
  "v1 ConfigMap configmaps",
  "v1 Pod pods",
  "v1 Secret secrets",
  "v1 Service services",
  "v1 ServiceAccount serviceaccounts",
  "v1 Namespace namespaces cluster",
  "v1 PersistentVolumeClaim persistentvolumeclaims",
  "rbac.authorization.k8s.io/v1 ClusterRole clusterroles cluster",
  "rbac.authorization.k8s.io/v1 ClusterRoleBinding clusterrolebindings cluster",
  "rbac.authorization.k8s.io/v1 RoleBinding rolebindings",
  "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration mutatingwebhookconfigurations cluster",
  "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration validatingwebhookconfigurations cluster",
  "apiregistration.k8s.io/v1 APIService apiservices cluster",
  "apiextensions.k8s.io/v1 CustomResourceDefinition customresourcedefinitions cluster",
  "scheduling.k8s.io/v1 PriorityClass priorityclasses cluster",
  "storage.k8s.io/v1 StorageClass storageclasses cluster",
  "example.com/v1 Database databases",
  "gateway.networking.k8s.io/v1 HTTPRoute httproutes",
]);

const RBAC = "rbac.authorization.k8s.io";

function object(apiVersion: string, kind: string, name: string, fields: JsonObject = {}, namespace?: string): JsonObject {
  const { metadata = {}, ...rest } = fields;
  return { apiVersion, kind, metadata: { ...(metadata as JsonObject), name, ...(namespace === undefined ? {} : { namespace }) }, ...rest };
}

const account = (namespace: string, name: string): JsonObject => ({ kind: "ServiceAccount", namespace, name });
const role = (name: string): JsonObject => ({ apiGroup: RBAC, kind: "ClusterRole", name });
const service = (namespace: string, name: string): JsonObject => ({ service: { namespace, name } });

const CLUSTER_OBJECTS = [
  object("storage.k8s.io/v1", "StorageClass", "fast"),
  object("storage.k8s.io/v1", "StorageClass", "unused"),
  object("scheduling.k8s.io/v1", "PriorityClass", "high"),
  object("v1", "Namespace", "shop"),
  object(`${RBAC}/v1`, "ClusterRole", "reader"),
  object(`${RBAC}/v1`, "ClusterRole", "view"),
  object(`${RBAC}/v1`, "ClusterRoleBinding", "reads", {
    roleRef: role("reader"),
    subjects: [account("other", "x"), account("shop", "web")],
  }),
  object(`${RBAC}/v1`, "ClusterRoleBinding", "foreign", { roleRef: role("admin"), subjects: [account("other", "web")] }),
  object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "hook", {
    webhooks: [{ clientConfig: service("shop", "web") }],
  }),
  object("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "foreign", {
    webhooks: [{ clientConfig: service("other", "web") }],
  }),
  object("apiregistration.k8s.io/v1", "APIService", "v1.metrics", { spec: service("shop", "web") }),
  object("apiregistration.k8s.io/v1", "APIService", "v1.apps", { spec: {} }),
  object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "databases.example.com", {
    spec: {
      group: "example.com",
      names: { kind: "Database" },
      conversion: { webhook: { clientConfig: service("operator", "convert") } },
    },
  }),
  object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "others.example.com", {
    spec: { group: "example.com", names: { kind: "Other" } },
  }),
];

const MEMBERS = [
  object("v1", "Service", "web", {}, "shop"),
  object("v1", "ServiceAccount", "web", {}, "shop"),
  object(
    "v1",
    "Pod",
    "web-1",
    {
      spec: {
        priorityClassName: "high",
        serviceAccountName: "web",
        volumes: [{ configMap: { name: "near" } }, { configMap: { name: "kube-root-ca.crt" } }],
      },
    },
    "shop",
  ),
  object("v1", "Pod", "web-2", { spec: { priorityClassName: "high" } }, "shop"),
  object("v1", "PersistentVolumeClaim", "data", { spec: { storageClassName: "fast", volumeName: "pv-1" } }, "shop"),
  object("v1", "PersistentVolumeClaim", "old", { spec: { storageClassName: "gone" } }, "shop"),
  object(`${RBAC}/v1`, "RoleBinding", "sees", { roleRef: role("view"), subjects: [account("shop", "web")] }, "shop"),
  object("example.com/v1", "Database", "db", {}, "shop"),
  object("gateway.networking.k8s.io/v1", "HTTPRoute", "web", { spec: { parentRefs: [{ name: "edge", namespace: "infra" }] } }, "shop"),
];

interface World {
  readonly declared?: readonly DeclaredUnit[];
  readonly near?: readonly JsonObject[];
  readonly members?: readonly JsonObject[];
  readonly forbidden?: string;
  readonly isMember?: (object: JsonObject) => boolean;
}

async function dependencies(
  t: TestContext,
  unit: Unit,
  { declared = [], near = [], members = MEMBERS, forbidden, isMember }: World = {},
): Promise<Dependencies> {
  const api = await objectServer(t, table, [...CLUSTER_OBJECTS, ...near], { forbidden });
  const collector = new DependencyCollector(new MembershipRules(table, new Claims(declared)), unit, isMember);
  for (const member of members) collector.add(member);
  return collector.dependencies(api, table);
}

const shop: Unit = { kind: "namespace", name: "shop" };

test("a unit depends on the kinds, classes and rights of its members, and on what calls its services", async (t) => {
  const { found, missing, uses, findings } = await dependencies(t, shop);
  assert.deepEqual(
    found.map(({ id, why, of }) => `${shortId(id)}: ${why} (${of.map(shortId).join(", ")})`),
    [
      "ClusterRoleBinding/reads: bound to its account (ServiceAccount/web)",
      "ValidatingWebhookConfiguration/hook: calls it (Service/web)",
      "APIService/v1.metrics: is served by it (Service/web)",
      "CustomResourceDefinition/databases.example.com: defines its resources (Database/db)",
      "PriorityClass/high: priority class (Pod/web-1, Pod/web-2)",
      "StorageClass/fast: storage class (PersistentVolumeClaim/data)",
      "ClusterRole/view: role (RoleBinding/sees)",
      "ClusterRole/reader: role (ClusterRoleBinding/reads)",
    ],
  );
  assert.deepEqual(found[5]?.object, CLUSTER_OBJECTS[0]);
  assert.deepEqual(
    missing.map(({ id, why }) => `${shortId(id)}: ${why}`),
    ["StorageClass/gone: storage class"],
  );
  assert.deepEqual(
    uses.map(({ unit, id, why }) => `${unit.kind} ${unit.name}: ${shortId(id)}, ${why}`),
    ["namespace infra: Gateway/edge, gets requests from it", "namespace operator: Service/convert, converts its versions"],
  );
  assert.deepEqual(findings, []);
});

test("what may not be seen is a finding, and the rest is found", async (t) => {
  const { found, findings } = await dependencies(t, shop, { forbidden: "clusterrole" });
  assert.equal(found.length, 5);
  assert.deepEqual(
    findings.map(({ grade, code, object: about }) => [grade, code, about]),
    [
      ["partial", "dependency_forbidden", "clusterrolebindings.rbac.authorization.k8s.io"],
      ["partial", "dependency_forbidden", "clusterroles.rbac.authorization.k8s.io"],
    ],
  );
});

test("a declared unit needs what stands beside it in its namespaces, and those; the whole cluster needs nothing", async (t) => {
  const declared: DeclaredUnit = { kind: "declared", name: "web", namespaces: ["shop"], selector: "app=web" };
  const world = { declared: [declared], near: [object("v1", "ConfigMap", "near", {}, "shop")] };
  const { found, uses } = await dependencies(t, declared, world);
  const lines = found.map(({ id, why }) => `${shortId(id)}: ${why}`);
  assert.ok(lines.includes("ConfigMap/near: volume") && lines.includes("Namespace/shop: its namespace"), lines.join("\n"));
  assert.ok(uses.some(({ unit }) => unit.kind === "namespace" && unit.name === "shop"));

  const whole = await dependencies(t, { kind: "cluster", name: "cluster" });
  assert.deepEqual(whole.found, []);
});

test("a namespace uses the declared unit that has taken something out of it", async (t) => {
  const declared: DeclaredUnit = { kind: "declared", name: "base", namespaces: ["shop"], selector: "app=base" };
  const near = [object("v1", "ConfigMap", "near", { metadata: { labels: { app: "base" } } }, "shop")];
  const { uses } = await dependencies(t, shop, { declared: [declared], near });
  assert.deepEqual(
    uses.filter(({ unit }) => unit.kind === "declared").map(({ unit, id }) => [unit.name, shortId(id)]),
    [["base", "ConfigMap/near"]],
  );
});

test("a part of a namespace needs what it refers to beside it", async (t) => {
  const near = [object("v1", "ConfigMap", "near", {}, "shop"), object("v1", "ConfigMap", "kube-root-ca.crt", {}, "shop")];
  const { found, uses } = await dependencies(t, shop, {
    near,
    isMember: (it) => !near.some((one) => shortId(idOfObject(one)) === shortId(idOfObject(it))),
  });
  assert.ok(found.some(({ id, why }) => shortId(id) === "ConfigMap/near" && why === "volume"));
  assert.ok(found.every(({ id }) => id.name !== "kube-root-ca.crt"));
  assert.ok(uses.every(({ unit }) => unit.name !== "shop"));
});

test("what a chart has installed outside of the namespace is needed with it", async (t) => {
  const marks = (release: string, namespace: string): JsonObject => ({
    labels: { "app.kubernetes.io/managed-by": "Helm" },
    annotations: { "meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace },
  });
  const near = [
    object("storage.k8s.io/v1", "StorageClass", "own", { metadata: marks("shop", "shop") }),
    object("storage.k8s.io/v1", "StorageClass", "foreign", { metadata: marks("shop", "other") }),
    object("v1", "Namespace", "extra", { metadata: marks("shop", "shop") }),
  ];
  const members = [...MEMBERS, object("v1", "ConfigMap", "web", { metadata: marks("shop", "shop") }, "shop")];
  const { found } = await dependencies(t, shop, { near, members });
  assert.deepEqual(
    found.filter(({ why }) => why === "installed with it").map(({ id, of }) => `${shortId(id)} ${of.map(shortId).join()}`),
    ["StorageClass/own ConfigMap/web"],
  );
});
