import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../base/testing/property.ts";
import { type JsonObject, objectIn, textIn } from "../kube/json.ts";
import { Claims } from "./claims.ts";
import { objectExclusion } from "./exclusions.ts";
import { type Membership, MembershipRules, type UnitScope } from "./membership.ts";
import { tableOf } from "./testing/table.ts";
import type { DeclaredUnit, Unit } from "./unit.ts";

const table = tableOf([
  "v1 ConfigMap configmaps",
  "v1 Pod pods",
  "v1 Service services",
  "v1 Endpoints endpoints",
  "v1 Event events",
  "v1 Namespace namespaces cluster",
  "v1 Node nodes cluster",
  "v1 PersistentVolume persistentvolumes cluster",
  "v1 PersistentVolumeClaim persistentvolumeclaims",
  "v1 ComponentStatus componentstatuses cluster get list",
  "apps/v1 Deployment deployments",
  "apps/v1 ReplicaSet replicasets",
  "discovery.k8s.io/v1 EndpointSlice endpointslices",
  "metrics.k8s.io/v1beta1 PodMetrics pods get list",
  "authorization.k8s.io/v1 SubjectAccessReview subjectaccessreviews cluster create",
  "apiregistration.k8s.io/v1 APIService apiservices cluster",
  "storage.k8s.io/v1 StorageClass storageclasses cluster",
]);
const CLUSTER: Unit = { kind: "cluster", name: "cluster" };
const namespaceUnit = (name: string): Unit => ({ kind: "namespace", name });

function object(apiVersion: string, kind: string, metadata: JsonObject, fields: JsonObject = {}): JsonObject {
  const name = textIn(metadata, "name") ?? "x";
  return { apiVersion, kind, ...fields, metadata: { uid: `${kind}-${textIn(metadata, "namespace")}-${name}`, name, ...metadata } };
}

function owner(kind: string, uid: string, controller = true): JsonObject {
  return { apiVersion: kind === "Pod" ? "v1" : "apps/v1", kind, name: "x", uid, controller };
}

function membership(unit: Unit, it: JsonObject, declared: readonly DeclaredUnit[] = [], known: readonly JsonObject[] = []): Membership {
  const claims = new Claims(declared);
  for (const one of known) claims.note(one);
  return new MembershipRules(table, claims).scopeOf(unit).membership(it);
}

const leftOut: readonly (readonly [reason: string, object: JsonObject])[] = [
  ["root-ca", object("v1", "ConfigMap", { namespace: "a", name: "kube-root-ca.crt" })],
  ["root-ca", object("v1", "ConfigMap", { namespace: "a", name: "openshift-service-ca.crt" })],
  ["mirror-pod", object("v1", "Pod", { namespace: "a", annotations: { "kubernetes.io/config.mirror": "hash" } })],
  ["holdfast", object("v1", "Secret", { namespace: "a", labels: { "holdfast.dev/run": "01k" } })],
  ["hnc-copy", object("v1", "ConfigMap", { namespace: "a", labels: { "hnc.x-k8s.io/inherited-from": "parent" } })],
  ["endpoints", object("v1", "Endpoints", { namespace: "a", labels: { "endpoints.kubernetes.io/managed-by": "endpoint-controller" } })],
  [
    "endpoints",
    object("discovery.k8s.io/v1", "EndpointSlice", {
      namespace: "a",
      labels: { "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io" },
    }),
  ],
  ["api-server", object("v1", "Service", { namespace: "default", name: "kubernetes" })],
  ["api-server", object("discovery.k8s.io/v1", "EndpointSlice", { namespace: "default", name: "kubernetes" })],
  [
    "api-server",
    object("apiregistration.k8s.io/v1", "APIService", {
      name: "v1.apps",
      labels: { "kube-aggregator.kubernetes.io/automanaged": "onstart" },
    }),
  ],
];
for (const [reason, it] of leftOut) {
  test(`${textIn(it, "kind")} "${textIn(objectIn(it, "metadata"), "name")}" is left out: ${reason}`, () => {
    const namespace = textIn(objectIn(it, "metadata"), "namespace");
    assert.deepEqual(membership(namespace === undefined ? CLUSTER : namespaceUnit(namespace), it), { kind: "left-out", reason });
  });
}

test("endpoints that a person wrote are members", () => {
  for (const it of [object("v1", "Endpoints", { namespace: "a" }), object("discovery.k8s.io/v1", "EndpointSlice", { namespace: "a" })]) {
    assert.deepEqual(membership(namespaceUnit("a"), it), { kind: "own" });
  }
});

test("resources are left out that are no objects, or that say how the cluster does at the moment", () => {
  const reasons = new MembershipRules(table, new Claims([])).leftOut.map(({ resource, reason }) => `${resource.kind} ${reason}`);
  assert.deepEqual(reasons, [
    "Event event",
    "Node node",
    "ComponentStatus computed",
    "PodMetrics computed",
    "SubjectAccessReview not-listed",
  ]);
});

test("what a built-in controller made is a child; what an operator made is not", () => {
  const made = (by: JsonObject): JsonObject => object("v1", "Pod", { namespace: "a", ownerReferences: [by] });
  const child = membership(namespaceUnit("a"), made(owner("ReplicaSet", "u")));
  assert.deepEqual([child.kind, child.kind === "child" && child.controller.uid], ["child", "u"]);
  const several = object("v1", "Pod", { namespace: "a", ownerReferences: [owner("StatefulSet", "v", false), owner("ReplicaSet", "u")] });
  assert.equal(membership(namespaceUnit("a"), several).kind, "child");
  assert.deepEqual(membership(namespaceUnit("a"), made({ ...owner("Postgres", "u"), apiVersion: "example.com/v1" })), { kind: "own" });
  assert.deepEqual(membership(namespaceUnit("a"), made(owner("Deployment", "u", false))), { kind: "own" });
});

test("what somebody else made is no child, whatever owner he gave it", () => {
  const controller = { ...owner("Deployment", "u"), controller: true };
  for (const kind of ["ConfigMap", "PersistentVolumeClaim", "Pod"]) {
    assert.deepEqual(
      membership(namespaceUnit("a"), object("v1", kind, { namespace: "a", ownerReferences: [controller] })),
      { kind: "own" },
      kind,
    );
  }
});

test("a namespace has itself and the volumes bound to its claims", () => {
  const volume = (phase: string): JsonObject =>
    object("v1", "PersistentVolume", { name: "pv" }, { spec: { claimRef: { namespace: "a", name: "c", uid: "c" } }, status: { phase } });
  assert.deepEqual(membership(namespaceUnit("a"), object("v1", "Namespace", { name: "a" })), { kind: "own" });
  assert.deepEqual(membership(namespaceUnit("a"), object("v1", "Namespace", { name: "b" })), { kind: "elsewhere" });
  assert.deepEqual(membership(namespaceUnit("a"), volume("Bound")), { kind: "own" });
  assert.deepEqual(membership(namespaceUnit("b"), volume("Bound")), { kind: "elsewhere" });
  assert.deepEqual(membership(CLUSTER, volume("Bound")), { kind: "elsewhere" });
  assert.deepEqual(membership(CLUSTER, volume("Released")), { kind: "own" });
});

test("a declared unit takes what matches and what that owns, its volumes too, out of the namespace", () => {
  const shop: DeclaredUnit = { kind: "declared", name: "shop", namespaces: ["a"], selector: "part=shop" };
  const other: DeclaredUnit = { kind: "declared", name: "other", namespaces: ["a"], selector: "part" };
  const declared = [shop, other];
  const top = object("apps/v1", "Deployment", { namespace: "a", labels: { part: "shop" } });
  const middle = object("apps/v1", "ReplicaSet", { namespace: "a", ownerReferences: [owner("Deployment", "Deployment-a-x")] });
  const pod = object("v1", "Pod", { namespace: "a", labels: { part: "b" }, ownerReferences: [owner("ReplicaSet", "ReplicaSet-a-x")] });
  const claim = object("v1", "PersistentVolumeClaim", { namespace: "a", ownerReferences: [owner("Pod", "Pod-a-x", false)] });
  const claimRef = { namespace: "a", name: "x", uid: "PersistentVolumeClaim-a-x" };
  const volume = object("v1", "PersistentVolume", { name: "pv" }, { spec: { claimRef }, status: { phase: "Bound" } });
  // Children come before their owners, and the look was before the last of them was made.
  const known = [claim, pod, middle, top];
  const late = object("v1", "Pod", { namespace: "a", name: "late", ownerReferences: [owner("ReplicaSet", "ReplicaSet-a-x")] });
  for (const it of [top, middle, pod, claim, volume, late]) {
    const kinds: readonly string[] = [shop, other, namespaceUnit("a"), CLUSTER].map((unit) => membership(unit, it, declared, known).kind);
    assert.deepEqual(
      kinds.map((kind) => kind === "elsewhere"),
      [false, true, true, true],
      JSON.stringify(it),
    );
  }
  const same = object("v1", "ConfigMap", { namespace: "b", labels: { part: "shop" } });
  assert.deepEqual(membership(shop, same, declared, known), { kind: "elsewhere" });
  assert.deepEqual(membership(namespaceUnit("b"), same, declared, known), { kind: "own" });
});

test("owners that own each other end nowhere", () => {
  const unit: DeclaredUnit = { kind: "declared", name: "u", namespaces: ["a"], selector: "app=u" };
  const one = object("v1", "ConfigMap", { namespace: "a", name: "one", ownerReferences: [owner("Pod", "ConfigMap-a-two")] });
  const two = object("v1", "ConfigMap", { namespace: "a", name: "two", ownerReferences: [owner("Pod", "ConfigMap-a-one")] });
  assert.equal(membership(unit, one, [unit], [one, two]).kind, "elsewhere");
});

test("an owner in another namespace is none: nobody moves things into a unit by naming one", () => {
  const unit: DeclaredUnit = { kind: "declared", name: "u", namespaces: ["a"], selector: "app=u" };
  const top = object("apps/v1", "Deployment", { namespace: "a", labels: { app: "u" } });
  const foreign = object("apps/v1", "ReplicaSet", { namespace: "b", ownerReferences: [owner("Deployment", "Deployment-a-x")] });
  assert.equal(membership(unit, foreign, [unit], [top, foreign]).kind, "elsewhere");
  assert.equal(membership(namespaceUnit("b"), foreign, [unit], [top, foreign]).kind, "child");
});

/** Whether the scope's lists show the object. */
function shows({ lists }: UnitScope, it: JsonObject): boolean {
  const { namespace, name } = { namespace: textIn(objectIn(it, "metadata"), "namespace"), name: textIn(objectIn(it, "metadata"), "name") };
  const found = lists.filter(
    (list) =>
      list.resource.kind === textIn(it, "kind") &&
      (list.namespace ?? namespace) === namespace &&
      (list.fieldSelector === undefined || list.fieldSelector === `metadata.name=${name}`),
  );
  assert.ok(found.length <= 1, "no object is listed twice");
  return found.length === 1;
}

const NAMESPACES = ["a", "b", "default"];
const namespace = fc.constantFrom(...NAMESPACES);
const labels = fc.dictionary(fc.constantFrom("app", "tier", "hnc.x-k8s.io/inherited-from"), fc.constantFrom("one", "two"), { maxKeys: 2 });
const uid = fc.integer({ min: 0, max: 40 }).map((number) => `uid-${number}`);
const owners = fc.array(
  fc.record({
    apiVersion: fc.constantFrom("apps/v1", "example.com/v1"),
    kind: fc.constantFrom("Deployment", "ReplicaSet"),
    uid,
    controller: fc.boolean(),
  }),
  { maxLength: 2 },
);
const inNamespace = fc
  .tuple(
    fc.constantFrom("v1 ConfigMap", "v1 Pod", "v1 Service", "apps/v1 Deployment", "apps/v1 ReplicaSet", "v1 PersistentVolumeClaim"),
    fc.record({ namespace, name: fc.constantFrom("kubernetes", "kube-root-ca.crt", "x"), labels, ownerReferences: owners }),
  )
  .map(([type, metadata]): JsonObject => {
    const [apiVersion = "", kind = ""] = type.split(" ");
    return { apiVersion, kind, metadata };
  });
const volumes = fc
  .tuple(namespace, uid, fc.constantFrom("Bound", "Released", "Available"))
  .map(([claimNamespace, claimUid, phase]): JsonObject => {
    const spec = phase === "Available" ? {} : { claimRef: { namespace: claimNamespace, name: "x", uid: claimUid } };
    return { apiVersion: "v1", kind: "PersistentVolume", metadata: { name: "pv" }, spec, status: { phase } };
  });
const classes = fc.constant<JsonObject>({ apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name: "fast" } });
const declaredUnits = fc.uniqueArray(
  fc.record({
    kind: fc.constant("declared" as const),
    name: fc.constantFrom("a", "u", "v"),
    namespaces: fc.subarray(NAMESPACES, { minLength: 1 }),
    selector: fc.constantFrom("app=one", "tier=two,app", "!app", "app"),
  }),
  { selector: ({ name }) => name, maxLength: 3 },
);

test("every object is in exactly one unit, or left out of the one that would have it", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(inNamespace, volumes, classes), { maxLength: 40 }), declaredUnits, (made, declared) => {
      const objects = made.map((it, index): JsonObject => ({ ...it, metadata: { ...objectIn(it, "metadata"), uid: `uid-${index}` } }));
      objects.push(...NAMESPACES.map((name) => object("v1", "Namespace", { name })));
      const claims = new Claims(declared);
      // The look may have been before some of them were made.
      for (const it of objects.filter((_, index) => index % 7 !== 3)) claims.note(it);
      const rules = new MembershipRules(table, claims);
      const scopes = [...NAMESPACES.map(namespaceUnit), ...declared, CLUSTER].map((unit) => rules.scopeOf(unit));
      for (const it of objects) {
        const kinds = scopes.filter((scope) => shows(scope, it)).map((scope) => scope.membership(it).kind);
        const members = kinds.filter((kind) => kind === "own" || kind === "child");
        assert.equal(members.length, objectExclusion(it) === undefined ? 1 : 0, JSON.stringify(it));
      }
    }),
  );
});
