import assert from "node:assert/strict";
import { test } from "node:test";
import { type JsonObject, parseJson } from "../../kube/json.ts";
import { covers, coversObject, difference } from "./field-changes.ts";

const object = (fields: JsonObject): JsonObject => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, ...fields });

test("difference() names what differs, and patches nothing else", () => {
  const live = object({ data: { a: "2", b: "1" }, spec: { replicas: 2, paused: true } });
  const wanted = object({ data: { a: "1", b: "1", c: "3" }, spec: { replicas: 2 } });
  const found = difference({ live, wanted, original: { ...wanted, spec: { replicas: 2, paused: true } } });
  assert.deepEqual(found.changes, [
    { path: "data.a", from: "2", to: "1" },
    { path: "data.c", to: "3" },
  ]);
  assert.deepEqual(found.patch, { data: { a: "1", c: "3" } });
  assert.deepEqual(found.paths, [
    ["data", "a"],
    ["data", "c"],
  ]);
});

test("difference() takes away what came after the point, and leaves what the point had and the restore took off", () => {
  const live = object({ spec: { clusterIP: "10.0.0.1", extra: 1 } });
  const found = difference({ live, wanted: object({ spec: {} }), original: object({ spec: { clusterIP: "10.0.0.2" } }) });
  assert.deepEqual(found.patch, { spec: { extra: null } });
  assert.deepEqual(found.changes, [{ path: "spec.extra", from: 1 }]);
});

test("difference() looks at labels and annotations of the metadata only, and not at the status", () => {
  const live = { ...object({ status: { a: 1 } }), metadata: { name: "a", uid: "u", labels: { l: "1" }, finalizers: ["f"] } };
  const wanted = { ...object({}), metadata: { name: "a", labels: { l: "2" } } };
  assert.deepEqual(difference({ live, wanted, original: wanted }).patch, { metadata: { labels: { l: "2" } } });
});

test("difference() never shows what is in a Secret", () => {
  const secret = (value: string): JsonObject => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "a", annotations: { "kubectl.kubernetes.io/last-applied-configuration": value } },
    data: { p: value },
    type: "Opaque",
  });
  const found = difference({ live: secret("aHVudGVyMg=="), wanted: secret("eHl6enk="), original: secret("eHl6enk=") });
  assert.deepEqual(found.changes, [
    { path: "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration", isHidden: true },
    { path: "data.p", isHidden: true },
  ]);
  assert.doesNotMatch(JSON.stringify(found.changes), /aHVud|eHl6/);
});

test("difference() with isMerged only adds, to lists as well", () => {
  const live = object({ imagePullSecrets: [{ name: "mine" }], other: 1 });
  const wanted = object({ imagePullSecrets: [{ name: "theirs" }] });
  const found = difference({ live, wanted, original: wanted, isMerged: true });
  assert.deepEqual(found.patch, { imagePullSecrets: [{ name: "mine" }, { name: "theirs" }] });
});

test("covers() allows what servers add: defaults, fields of items, and further items that have names", () => {
  const containers = [{ name: "c", image: "i" }];
  const more = [
    { name: "sidecar", image: "s" },
    { name: "c", image: "i", resources: {} },
  ];
  assert.ok(covers({ a: 1, containers: more }, { containers }));
  assert.ok(!covers({ containers: more }, { containers: [{ name: "c", image: "other" }] }));
  assert.ok(!covers({ args: ["a", "b"] }, { args: ["a"] }), "a list without names is one value");
  assert.ok(covers({}, { creationTimestamp: null, volumes: [] }), "nothing is the same as none");
});

test("covers() tells integers apart that JavaScript cannot", () => {
  const [large, other] = ["9007199254740993", "9007199254740992"].map((digits) => parseJson(`{"n":${digits}}`));
  assert.ok(covers(large, large ?? null));
  assert.ok(!covers(large, other ?? null));
});

test("coversObject() looks at no metadata but labels and annotations", () => {
  const wanted = { ...object({ data: { a: "1" } }), metadata: { name: "a", labels: { l: "1" }, finalizers: ["f"] } };
  assert.ok(coversObject({ ...object({ data: { a: "1" } }), metadata: { name: "a", uid: "u", labels: { l: "1", m: "2" } } }, wanted));
  assert.ok(!coversObject(object({ data: { a: "1" } }), wanted));
});
