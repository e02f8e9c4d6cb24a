import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../kube/json.ts";
import { shortId } from "../../kube/object-id.ts";
import type { WorkloadNode } from "./app-description.ts";
import { Describer } from "./describer.ts";
import { imagesOf } from "./images.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

/** The uid of an object is its short name. */
function object(apiVersion: string, id: string, owner?: string, fields: JsonObject = {}): JsonObject {
  const [kind = "", name = ""] = id.split("/");
  const ownerReferences = owner === undefined ? [] : [{ apiVersion: "v1", kind: "x", name: "x", uid: owner, controller: true }];
  return { apiVersion, kind, metadata: { namespace: "a", name, uid: id, ownerReferences }, ...fields };
}

function tree(nodes: readonly WorkloadNode[]): unknown {
  return nodes.map(({ id, state, children }) => [`${shortId(id)} ${state}`.trim(), ...(children.length === 0 ? [] : [tree(children)])]);
}

test("workloads stand below whatever owns them, with all that they own", () => {
  const describer = new Describer();
  for (const one of [
    object("v1", "Pod/db-0", "StatefulSet/db", { status: { phase: "Running" } }),
    object("apps/v1", "StatefulSet/db", "Database/db", { spec: { replicas: 1 } }),
    object("db.example.com/v1", "Database/db"),
    object("apps/v1", "ControllerRevision/db-1", "StatefulSet/db"),
    object("v1", "Secret/db", "Database/db", { type: "Opaque", data: { password: "c2VjcmV0" } }),
    object("db.example.com/v1", "User/app"),
    object("v1", "ConfigMap/one", "ConfigMap/two"),
    object("v1", "ConfigMap/two", "ConfigMap/one"),
    object("v1", "Service/db"),
    object("rbac.authorization.k8s.io/v1", "Role/db"),
    object("v1", "Namespace/a"),
  ]) {
    describer.add(one);
  }
  describer.leaveOut("endpoints");
  describer.leaveOut("endpoints");
  const contents = describer.contents();
  assert.deepEqual(tree(contents.workloads), [
    ["Database/db", [["Secret/db"], ["StatefulSet/db 0/1", [["ControllerRevision/db-1"], ["Pod/db-0 running"]]]]],
  ]);
  assert.deepEqual(
    [contents.configuration, contents.network, contents.access, contents.others].map((ids) => ids.map(shortId)),
    [["ConfigMap/one", "ConfigMap/two"], ["Service/db"], ["Role/db"], ["User/app"]],
  );
  assert.deepEqual(contents.leftOut, { endpoints: 2 });
  assert.equal(contents.objects, 11);
  assert.deepEqual(
    contents.secrets.map(({ id, type }) => `${id.name} ${type}`),
    ["db Opaque"],
  );
  assert.doesNotMatch(JSON.stringify(contents), /c2VjcmV0/);
});

test("a claim tells its size, as it is or as it was asked for", () => {
  const describer = new Describer();
  const requested = { storageClassName: "fast", resources: { requests: { storage: "1Gi" } } };
  describer.add(object("v1", "PersistentVolumeClaim/a", undefined, { spec: requested, status: { phase: "Pending" } }));
  const bound = { phase: "Bound", capacity: { storage: "2Gi" } };
  describer.add(object("v1", "PersistentVolumeClaim/b", undefined, { spec: { ...requested, volumeName: "pv" }, status: bound }));
  assert.deepEqual(
    describer.contents().claims.map(({ size, storageClass, volume, phase }) => [size, storageClass, volume, phase]),
    [
      ["1Gi", "fast", undefined, "Pending"],
      ["2Gi", "fast", "pv", "Bound"],
    ],
  );
});

test("the image of a workload has the digest that its pods run", () => {
  const spec = { containers: [{ name: "web", image: "web:1" }], initContainers: [{ name: "init", image: "init:1" }] };
  const status = { containerStatuses: [{ name: "web", image: "docker.io/web:1", imageID: `docker.io/web@${DIGEST}` }] };
  assert.deepEqual(imagesOf(object("v1", "Pod/web", undefined, { spec, status })), [
    { image: "init:1", digest: undefined },
    { image: "web:1", digest: DIGEST },
  ]);
  const describer = new Describer();
  describer.add(object("apps/v1", "Deployment/web", undefined, { spec: { template: { spec } } }));
  describer.add(object("v1", "Pod/web", "Deployment/web", { spec, status }));
  assert.deepEqual(describer.contents().workloads[0]?.images, [
    { image: "init:1", digest: undefined },
    { image: "web:1", digest: DIGEST },
  ]);
});
