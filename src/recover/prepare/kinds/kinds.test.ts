import assert from "node:assert/strict";
import { test } from "node:test";
import { type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../../../kube/json.ts";
import { prepare } from "../prepare.ts";
import { targetOf } from "../target.ts";
import { captured, pointObject, prepared } from "../testing/captured.ts";

const HERE = targetOf({ isSameCluster: true });
const ELSEWHERE = targetOf({ isSameCluster: false });
const MOVED = targetOf({ isSameCluster: false, namespaces: new Map([["prepare-shop", "store"]]) });

function changed(key: string, change: (object: JsonObject) => JsonObject): ReturnType<typeof pointObject> {
  return pointObject(change(captured(key).object));
}

function code(object: JsonObject): string {
  const result = prepare(pointObject(object), HERE);
  return result.kind === "left-out" ? result.code : "";
}

function metadata(object: JsonObject): JsonObject {
  return objectIn(object, "metadata");
}

test("A pod that nobody owns loses its node, its numbers and its token, and keeps the rest", () => {
  const { object } = prepared("Pod/bare", HERE);
  const spec = objectIn(object, "spec");
  assert.ok(!("labels" in metadata(object)), "the labels were those of its node");
  for (const field of ["nodeName", "priority", "preemptionPolicy"]) assert.ok(!(field in spec), field);
  assert.deepEqual(listIn(spec, "volumes"), []);
  assert.deepEqual(listIn(listIn(spec, "containers")[0] ?? null, "volumeMounts"), []);
  assert.equal(spec["priorityClassName"], "prepare-high");
});

test("A pod that has ended, or that mirrors a file, is left out", () => {
  const { object } = captured("Pod/bare");
  assert.equal(code({ ...object, status: { phase: "Succeeded" } }), "finished");
  const mirror = { ...metadata(object), annotations: { "kubernetes.io/config.mirror": "x" } };
  assert.equal(code({ ...object, metadata: mirror }), "cluster_made");
});

test("A job that runs counts its pods by a selector of its own, one that has ended is left out", () => {
  const { object } = prepared("Job/running", HERE);
  assert.ok(!("selector" in objectIn(object, "spec")));
  assert.ok(!("labels" in metadata(object)));
  assert.ok(!("labels" in metadata(objectIn(objectIn(object, "spec"), "template"))));
  assert.equal(code(captured("Job/migrate").object), "finished");
});

test("A job whose selector somebody wrote keeps it", () => {
  const selector = { matchLabels: { app: "a" } };
  const manual = changed("Job/running", (object) => ({
    ...object,
    spec: { ...objectIn(object, "spec"), manualSelector: true, selector },
  }));
  assert.deepEqual(objectIn(prepared(manual, HERE).object, "spec")["selector"], selector);
});

test("A claim is bound anew, to a volume with nothing of another in it", () => {
  const source = { kind: "VolumeSnapshot", name: "a" };
  const claim = changed("PersistentVolumeClaim/files", (object) => ({
    ...object,
    spec: { ...objectIn(object, "spec"), dataSource: source, dataSourceRef: source },
  }));
  const { object } = prepared(claim, HERE);
  assert.deepEqual(Object.keys(objectIn(object, "spec")).toSorted(), ["accessModes", "resources", "storageClassName", "volumeMode"]);
  const annotations = Object.keys(objectIn(metadata(object), "annotations"));
  assert.deepEqual(annotations, ["kubectl.kubernetes.io/last-applied-configuration"]);
});

test("A volume made by hand is kept for its claim, whatever the uid of that; one that was provisioned is left out", () => {
  const { object } = prepared("PersistentVolume/prepare-static", MOVED);
  const { kind, namespace, name, uid } = objectIn(objectIn(object, "spec"), "claimRef");
  assert.deepEqual([kind, namespace, name, uid], ["PersistentVolumeClaim", "store", "static", undefined]);
  const provisioned = captured("PersistentVolume/pvc-df62fbe1-ad16-4c7c-963f-0a2a943d8b46");
  assert.equal(code(provisioned.object), "volume");
  const deleted = { ...captured("PersistentVolume/prepare-static").object, spec: { persistentVolumeReclaimPolicy: "Delete" } };
  assert.equal(code(deleted), "volume");
});

test("A volume made by hand is left to its claim where a copy of that stands beside it", () => {
  const beside = targetOf({ isSameCluster: true, namespaces: new Map([["prepare-shop", "store"]]) });
  assert.equal(prepare(captured("PersistentVolume/prepare-static"), beside).kind, "left-out");
  assert.equal(prepare(captured("PersistentVolume/prepare-static"), HERE).kind, "object");
});

test("A snapshot of a volume is left out: another would be of an empty one", () => {
  assert.equal(
    code({ apiVersion: "snapshot.storage.k8s.io/v1", kind: "VolumeSnapshot", metadata: { name: "a", namespace: "b" } }),
    "volume",
  );
});

test("A token that somebody asked for is filled anew, one that the cluster made is left out", () => {
  const { object } = prepared("Secret/web-token", HERE);
  assert.ok(!("data" in object));
  const annotations = objectIn(metadata(object), "annotations");
  assert.equal(annotations["kubernetes.io/service-account.name"], "web");
  assert.ok(!("kubernetes.io/service-account.uid" in annotations));
  const { object: token } = captured("Secret/web-token");
  assert.equal(code({ ...token, metadata: { ...metadata(token), name: "web-token-x8k2b" } }), "credential");
  assert.equal(code({ ...token, type: "bootstrap.kubernetes.io/token", metadata: { name: "a", namespace: "kube-system" } }), "credential");
});

test("A service account loses the secrets that its cluster made for it", () => {
  const account = changed("ServiceAccount/web", (object) => ({ ...object, secrets: [{ name: "web-token-x8k2b" }, { name: "web-token" }] }));
  assert.deepEqual(prepared(account, HERE).object["secrets"], [{ name: "web-token" }]);
});

test("Accounts of a renamed namespace are bound as such, as users and as groups", () => {
  const names = (key: string): readonly unknown[] =>
    listIn(prepared(key, MOVED).object, "subjects").map((subject) => [textIn(subject, "namespace"), textIn(subject, "name")]);
  assert.deepEqual(names("RoleBinding/web"), [
    ["store", "web"],
    [undefined, "system:serviceaccounts:store"],
  ]);
  assert.deepEqual(names("ClusterRoleBinding/prepare-web"), [
    ["store", "web"],
    [undefined, "system:serviceaccount:store:web"],
  ]);
});

test("A cluster role binding for moved accounts gets a name of its own where the original is", () => {
  const beside = targetOf({ isSameCluster: true, namespaces: new Map([["prepare-shop", "store"]]) });
  assert.equal(prepared("ClusterRoleBinding/prepare-web", beside).name, "prepare-web-store");
  assert.equal(prepared("ClusterRoleBinding/prepare-web", MOVED).name, "prepare-web");
  assert.equal(prepared("ClusterRoleBinding/prepare-web", HERE).name, "prepare-web");
});

test("Webhooks, API services and network policies follow a renamed namespace, certificates stay", () => {
  const [webhook] = listIn(prepared("ValidatingWebhookConfiguration/prepare-hooks", MOVED).object, "webhooks");
  const client = objectIn(webhook, "clientConfig");
  assert.deepEqual(client["service"], { name: "web", namespace: "store", path: "/v", port: 443 });
  assert.ok(textIn(client, "caBundle") !== undefined);
  assert.deepEqual(objectIn(webhook, "namespaceSelector"), { matchLabels: { "kubernetes.io/metadata.name": "store" } });
  const service = objectIn(objectIn(prepared("APIService/v1.prepareshop.example", MOVED).object, "spec"), "service");
  assert.equal(service["namespace"], "store");
  const [rule] = listIn(objectIn(prepared("NetworkPolicy/own", MOVED).object, "spec"), "ingress");
  const [byLabel, byExpression] = listIn(rule, "from");
  assert.deepEqual(objectIn(objectIn(byLabel, "namespaceSelector"), "matchLabels"), { "kubernetes.io/metadata.name": "store" });
  const [expression] = listIn(objectIn(byExpression, "namespaceSelector"), "matchExpressions");
  assert.deepEqual(listIn(expression, "values"), ["store", "kube-system"]);
});

test("A renamed namespace knows its name, and has what labels it had", () => {
  const { name, object } = prepared("Namespace/prepare-shop", MOVED);
  assert.equal(name, "store");
  assert.deepEqual(metadata(object)["labels"], { "kubernetes.io/metadata.name": "store", team: "shop" });
  assert.ok(!("spec" in object));
});

test("Endpoints made by hand stay", () => {
  assert.deepEqual(listIn(prepared("Endpoints/outside", HERE).object, "subsets"), [
    { addresses: [{ ip: "192.0.2.7" }], ports: [{ port: 80, protocol: "TCP" }] },
  ]);
});

test("A class does not become the default of another cluster", () => {
  const mark = "storageclass.kubernetes.io/is-default-class";
  const marks = (target: typeof HERE): JsonValue | undefined =>
    objectIn(metadata(prepared("StorageClass/btrfs", target).object), "annotations")[mark];
  assert.equal(marks(HERE), "true");
  assert.equal(marks(ELSEWHERE), undefined);
});

test("A definition that keeps unknown fields says so in each schema", () => {
  const key = "CustomResourceDefinition/volumesnapshots.snapshot.storage.k8s.io";
  const old = changed(key, (object) => ({ ...object, spec: { ...objectIn(object, "spec"), preserveUnknownFields: true } }));
  const spec = objectIn(prepared(old, HERE).object, "spec");
  assert.ok(!("preserveUnknownFields" in spec));
  const [version] = listIn(spec, "versions");
  assert.deepEqual(objectIn(version, "schema")["openAPIV3Schema"], { type: "object", "x-kubernetes-preserve-unknown-fields": true });
});
