import assert from "node:assert/strict";
import { test } from "node:test";
import { referencesOf } from "../../application/references/references.ts";
import { isJsonObject, type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../../kube/json.ts";
import { keyOf } from "../../kube/object-id.ts";
import type { PointObject } from "../../point/point-object.ts";
import { LAST_APPLIED } from "./last-applied.ts";
import { prepare } from "./prepare.ts";
import type { PreparedObject } from "./prepared.ts";
import { type Target, targetOf } from "./target.ts";
import { captured, capturedObjects, pointObject, prepared as preparedFor } from "./testing/captured.ts";

const CAPTURED = capturedObjects();
const HERE = targetOf({ isSameCluster: true });
const MOVED = targetOf({
  isSameCluster: false,
  namespaces: new Map([["prepare-shop", "store"]]),
  storageClasses: new Map([["btrfs", "fast"]]),
});
const PREFIXED = targetOf({
  isSameCluster: true,
  namePrefix: "x-",
  isRestored: ({ namespace }) => namespace === "prepare-shop",
  claimTemplates: [{ namespace: "prepare-shop", template: "data", statefulSet: "db" }],
});

function prepared(from: string | PointObject, target: Target = HERE): PreparedObject {
  return preparedFor(from, target);
}

function code(from: string | PointObject, target: Target = HERE): string {
  const result = prepare(typeof from === "string" ? captured(from) : from, target);
  return result.kind === "left-out" ? result.code : "";
}

/** Every text and key in a value. */
function* textsIn(value: JsonValue): Iterable<string> {
  if (typeof value === "string") yield value;
  else if (Array.isArray(value)) for (const item of value as readonly JsonValue[]) yield* textsIn(item);
  else if (isJsonObject(value)) {
    for (const [field, inner] of Object.entries(value)) {
      yield field;
      yield* textsIn(inner);
    }
  }
}

function podSpec({ object }: PreparedObject): JsonObject {
  return objectIn(objectIn(objectIn(object, "spec"), "template"), "spec");
}

test("prepare() leaves no uid, time, version, status or owner of the source in any object", () => {
  for (const [key, from] of CAPTURED) {
    const result = prepare(from, HERE);
    if (result.kind !== "object") continue;
    const uids = JSON.stringify([...CAPTURED.values()].map(({ object }) => objectIn(object, "metadata")["uid"] ?? null));
    for (const text of textsIn(result.object)) assert.ok(text.length < 36 || !uids.includes(text), `${key} has the uid ${text}`);
    assert.ok(!("status" in result.object), `${key} has a status`);
    const metadata = objectIn(result.object, "metadata");
    for (const field of ["creationTimestamp", "generateName", "generation", "managedFields", "ownerReferences", "resourceVersion", "uid"]) {
      assert.ok(!(field in metadata), `${key} has ${field}`);
    }
  }
});

test("prepare() of what it made changes nothing, where nothing is renamed", () => {
  for (const key of CAPTURED.keys()) {
    const first = prepare(captured(key), HERE);
    if (first.kind !== "object") continue;
    // Who owns which field is known of captured objects only: with it ports that people chose stay.
    const again = { ...first.object, metadata: { ...objectIn(first.object, "metadata"), managedFields: first.managedFields } };
    assert.deepEqual(prepared(pointObject(again)).object, first.object, key);
  }
});

test("prepare() leaves nothing of a renamed namespace but what it mentions", () => {
  for (const [key, from] of CAPTURED) {
    const result = prepare(from, MOVED);
    if (result.kind !== "object" || result.mentions.length > 0) continue;
    const names = [...textsIn(result.object)].filter((text) => text.includes("prepare-shop") && text !== result.name);
    assert.deepEqual(names, [], key);
  }
});

test("prepare() gives back who owns which field, but not of the status that is written anew", () => {
  const { managedFields } = prepared("Deployment/web");
  assert.deepEqual(
    managedFields.map((entry) => [textIn(entry, "manager"), textIn(entry, "subresource")]),
    [["kubectl-client-side-apply", undefined]],
  );
});

test("prepare() keeps owners aside, under the names they get", () => {
  const [owner] = prepared("PersistentVolumeClaim/data-db-0", PREFIXED).owners;
  assert.equal(owner?.kind, "StatefulSet");
  assert.equal(owner.name, "x-db");
  assert.equal(owner.uid, objectIn(captured("StatefulSet/db").object, "metadata")["uid"]);
});

test("prepare() leaves out what its owner makes again", () => {
  const children = ["Pod/web-657f5cccdb-6xts4", "ReplicaSet/web-657f5cccdb", "ControllerRevision/db-6df6b94b5", "Job/nightly-29931726"];
  for (const key of [...children, "Endpoints/web", "EndpointSlice/web-qwzjx", "EndpointSlice/outside-s9cxp"]) {
    assert.equal(code(key), "child", key);
  }
});

test("prepare() leaves out what every cluster makes by itself", () => {
  for (const key of ["ConfigMap/kube-root-ca.crt", "PriorityClass/system-node-critical", "ClusterRole/view", "APIService/v1.apps"]) {
    assert.equal(code(key), "cluster_made", key);
  }
});

test("prepare() adds to the account that each namespace gets by itself, and to no other", () => {
  assert.equal(prepared("ServiceAccount/default").isMerged, true);
  assert.equal(prepared("ServiceAccount/web").isMerged, false);
});

test("prepare() leaves out copies that come from another namespace again", () => {
  const copy = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a", namespace: "b", labels: { "hnc.x-k8s.io/inherited-from": "c" } },
  };
  assert.equal(code(pointObject(copy)), "copy");
});

test("prepare() keeps what controllers hang on to, but not what the server adds itself", () => {
  const finalizers = ["kubernetes.io/pvc-protection", "foregroundDeletion", "example.com/hold"];
  const claim = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "a", namespace: "b", finalizers }, spec: {} };
  assert.deepEqual(objectIn(prepared(pointObject(claim)).object, "metadata")["finalizers"], ["example.com/hold"]);
});

test("prepare() follows names and namespaces in what kubectl applied last", () => {
  const applied = objectIn(objectIn(prepared("NetworkPolicy/own", MOVED).object, "metadata"), "annotations")[LAST_APPLIED];
  assert.ok(typeof applied === "string");
  assert.ok(applied.includes('"namespace":"store"') && !applied.includes("prepare-shop"));
});

test("prepare() keeps what kubectl applied last to the letter where nothing in it has another name", () => {
  const annotations = { [LAST_APPLIED]: '{ "kind": "ClusterRole" }' };
  const role = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "a", generateName: "a-", annotations },
  };
  assert.deepEqual(prepared(pointObject(role), MOVED).object["metadata"], { name: "a", annotations });
});

test("prepare() lets references in pods follow a prefix, and claims of a StatefulSet follow its name", () => {
  const spec = podSpec(prepared("Deployment/web", PREFIXED));
  const [config, files, all] = listIn(spec, "volumes");
  assert.equal(objectIn(config, "configMap")["name"], "x-web");
  assert.equal(objectIn(files, "persistentVolumeClaim")["claimName"], "x-files");
  assert.deepEqual(objectIn(listIn(objectIn(all, "projected"), "sources")[0], "secret"), { name: "x-db" });
  assert.equal(spec["serviceAccountName"], "x-web");
  const [container] = listIn(spec, "containers");
  assert.deepEqual(listIn(container, "envFrom"), [{ configMapRef: { name: "x-web" } }]);
  assert.equal(textIn(container, "name"), "web");
  assert.equal(prepared("PersistentVolumeClaim/data-db-0", PREFIXED).name, "data-x-db-0");
  assert.equal(prepared("PersistentVolumeClaim/files", PREFIXED).name, "x-files");
});

test("prepare() lets every reference that says its kind follow a prefix", () => {
  const scaler = prepared("HorizontalPodAutoscaler/web", PREFIXED).object;
  assert.equal(objectIn(objectIn(scaler, "spec"), "scaleTargetRef")["name"], "x-web");
  const binding = prepared("RoleBinding/web", PREFIXED).object;
  assert.equal(objectIn(binding, "roleRef")["name"], "x-web");
  assert.equal(textIn(listIn(binding, "subjects")[0], "name"), "x-web");
  const role = prepared("Role/web", PREFIXED).object;
  assert.deepEqual(listIn(listIn(role, "rules")[0], "resourceNames"), ["x-web"]);
});

test("prepare() lets everything follow that discovery knows as a reference", () => {
  for (const target of [MOVED, PREFIXED]) {
    for (const [key, from] of CAPTURED) {
      const result = prepare(from, target);
      if (result.kind === "left-out") continue;
      const there = new Set<string>();
      for (const { id } of referencesOf(from.object)) {
        const namespace = id.namespace === undefined ? undefined : target.namespace(id.namespace);
        there.add(keyOf({ ...id, namespace, name: target.name(id) }));
      }
      const stale = Array.from(referencesOf(result.object), ({ id }) => keyOf(id)).filter((id) => !there.has(id));
      assert.deepEqual(stale, [], key);
    }
  }
});

test("prepare() takes other storage classes wherever one is named", () => {
  assert.equal(objectIn(prepared("PersistentVolumeClaim/files", MOVED).object, "spec")["storageClassName"], "fast");
  const [template] = listIn(objectIn(prepared("StatefulSet/db", MOVED).object, "spec"), "volumeClaimTemplates");
  assert.equal(objectIn(template, "spec")["storageClassName"], "fast");
  const { hard = null } = objectIn(prepared("ResourceQuota/all", MOVED).object, "spec");
  assert.deepEqual(hard, { "fast.storageclass.storage.k8s.io/requests.storage": "1Gi", pods: "50" });
  assert.equal(code("StorageClass/btrfs", MOVED), "replaced");
});

test("prepare() gives the path of what speaks of a renamed namespace, and not what it says", () => {
  assert.deepEqual(prepared("Secret/db", MOVED).mentions, ["data.url"]);
  assert.deepEqual(prepared("ConfigMap/web", MOVED).mentions, ["data.namespace", "data.upstream"]);
  assert.deepEqual(prepared("Deployment/web", MOVED).mentions, ["spec.template.spec.containers[0].env[1].value"]);
  assert.deepEqual(prepared("Secret/db").mentions, []);
});

test("prepare() follows names in custom resources by the names of fields", () => {
  const resource = {
    apiVersion: "example.com/v1",
    kind: "Thing",
    metadata: { name: "a", namespace: "prepare-shop", annotations: { "cert-manager.io/inject-ca-from": "prepare-shop/web" } },
    spec: {
      secretRef: { kind: "Secret", name: "db", namespace: "prepare-shop" },
      targetNamespaces: ["prepare-shop", "other"],
      selector: { namespace: "prepare-shop" },
      namespaceSelector: { matchNames: ["prepare-shop"] },
      template: { metadata: { name: "a", namespace: "prepare-shop", labels: { namespace: "prepare-shop" } } },
    },
    status: { phase: "Ready" },
  };
  const { object, status } = prepared(pointObject(resource), MOVED);
  assert.deepEqual(object["spec"], {
    secretRef: { kind: "Secret", name: "db", namespace: "store" },
    targetNamespaces: ["store", "other"],
    selector: { namespace: "prepare-shop" },
    namespaceSelector: { matchNames: ["store"] },
    template: { metadata: { name: "a", namespace: "store", labels: { namespace: "prepare-shop" } } },
  });
  assert.deepEqual(objectIn(object, "metadata")["annotations"], { "cert-manager.io/inject-ca-from": "store/web" });
  assert.deepEqual(status, { value: { phase: "Ready" }, isNeeded: false });
});

test("prepare() lets the mark of a Helm release follow, and the namespaces of affinities", () => {
  const deployment = prepared("Deployment/web", MOVED);
  assert.equal(objectIn(objectIn(deployment.object, "metadata"), "annotations")["meta.helm.sh/release-namespace"], "store");
  assert.match(JSON.stringify(podSpec(deployment)["affinity"]), /"namespaces":\["store"\]/);
});

test("prepare() leaves out what says how things stood, and what lives with something that is not restored", () => {
  const object = (apiVersion: string, kind: string, owner?: string, controller = true): PointObject => {
    const ownerReferences = owner === undefined ? [] : [{ apiVersion: "v1", kind: owner, name: "o", uid: "u", controller }];
    return pointObject({ apiVersion, kind, metadata: { name: "a", namespace: "b", ownerReferences } });
  };
  assert.equal(code(object("coordination.k8s.io/v1", "Lease")), "runtime");
  assert.equal(code(object("events.k8s.io/v1", "Event")), "runtime");
  assert.equal(code(object("metrics.k8s.io/v1beta1", "Pod")), "runtime");
  assert.equal(code(object("v1", "PersistentVolumeClaim", "Pod")), "child");
  assert.equal(code(object("v1", "Pod", "Widget")), "child");
  assert.equal(code(object("v1", "ConfigMap", "Pod", false)), "");
  assert.equal(code(object("apps/v1", "Deployment", "Widget")), "");
  assert.equal(code(object("v1", "Secret", "Widget")), "");
});

test("prepare() follows names in routes and grants of the Gateway API", () => {
  const metadata = { name: "web", namespace: "prepare-shop" };
  const service = { group: "", kind: "Service", name: "web", namespace: "prepare-shop", port: 80 };
  const route = { parentRefs: [{ name: "outer", namespace: "gateways" }], rules: [{ backendRefs: [service] }] };
  const { object } = prepared(pointObject({ apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", metadata, spec: route }), MOVED);
  assert.deepEqual(object["spec"], { ...route, rules: [{ backendRefs: [{ ...service, namespace: "store" }] }] });
  const grant = {
    from: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "prepare-shop" }],
    to: [{ group: "", kind: "Service" }],
  };
  const granted = prepared(
    pointObject({ apiVersion: "gateway.networking.k8s.io/v1beta1", kind: "ReferenceGrant", metadata, spec: grant }),
    MOVED,
  );
  assert.deepEqual(granted.object["spec"], { ...grant, from: [{ ...grant.from[0], namespace: "store" }] });
});

test("prepare() says that machines of Cluster API, and what is marked so, need their status", () => {
  const machine = { apiVersion: "infrastructure.cluster.x-k8s.io/v1", kind: "Machine", metadata: { name: "a" }, status: { id: "1" } };
  assert.equal(prepared(pointObject(machine)).status?.isNeeded, true);
  const marked = { ...machine, apiVersion: "example.com/v1", metadata: { name: "a", annotations: { "velero.io/restore-status": "true" } } };
  assert.equal(prepared(pointObject(marked)).status?.isNeeded, true);
});
