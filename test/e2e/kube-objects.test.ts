import assert from "node:assert/strict";
import { test } from "node:test";
import { type JsonObject, listIn, objectIn, parseJson, textIn } from "../../src/kube/json.ts";
import { listPages } from "../../src/kube/list.ts";
import { applyObject, createObject, deleteObject, getObject, patchObject, updateObject } from "../../src/kube/objects.ts";
import { startConnectProxy } from "../support/connect-proxy.ts";
import { environment } from "../support/environment.ts";
import { as, CONFIG_MAPS, configMap, FIELD_MANAGER, openKube } from "../support/kube.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const fieldManager = FIELD_MANAGER;

test("objects are created, read, updated, patched and deleted, and conflicts are told apart", { skip }, async (t) => {
  const { kubeconfig, namespace } = await environment(t).cluster();
  const api = await openKube(t, kubeconfig);
  const place = { namespace, name: "a" };
  const created = await createObject(api, CONFIG_MAPS, configMap("a", { k: "1" }), { namespace, fieldManager });
  assert.deepEqual(await getObject(api, CONFIG_MAPS, place), created);
  const again = createObject(api, CONFIG_MAPS, configMap("a"), { namespace, fieldManager });
  await assert.rejects(again, {
    code: "kube_exists",
    message: `Cannot create configmaps "a" in namespace "${namespace}": there is one already`,
  });

  const updated = await updateObject(api, CONFIG_MAPS, place, { ...created, data: { k: "2" } }, { fieldManager });
  assert.deepEqual(updated["data"], { k: "2" });
  await assert.rejects(updateObject(api, CONFIG_MAPS, place, created, { fieldManager }), { kind: "conflict", code: "kube_conflict" });
  const operations = [{ op: "add", path: "/data/j", value: "3" }];
  assert.deepEqual((await patchObject(api, CONFIG_MAPS, place, { type: "json", operations }, { fieldManager }))["data"], {
    k: "2",
    j: "3",
  });
  const merged = { type: "merge", changes: { data: { k: null } } } as const;
  assert.deepEqual((await patchObject(api, CONFIG_MAPS, place, merged, { fieldManager }))["data"], { j: "3" });
  const dry = { type: "strategic", changes: { data: { l: "4" } } } as const;
  assert.deepEqual((await patchObject(api, CONFIG_MAPS, place, dry, { fieldManager, isDryRun: true }))["data"], { j: "3", l: "4" });
  assert.deepEqual((await getObject(api, CONFIG_MAPS, place))["data"], { j: "3" });

  const propagation = "Background";
  await assert.rejects(deleteObject(api, CONFIG_MAPS, place, { propagation, preconditions: { uid: "other" } }), { code: "kube_conflict" });
  await deleteObject(api, CONFIG_MAPS, place, { propagation, isDryRun: true });
  const uid = textIn(objectIn(created, "metadata"), "uid");
  await deleteObject(api, CONFIG_MAPS, place, { propagation, preconditions: { uid } });
  await assert.rejects(getObject(api, CONFIG_MAPS, place), { kind: "not-found", code: "kube_not_found" });
  await assert.rejects(getObject(api, { ...CONFIG_MAPS, plural: "nothings" }, place), { kind: "unsupported", code: "kube_not_served" });
});

test("server-side apply creates, owns its fields, and takes over those of others only by force", { skip }, async (t) => {
  const { kubeconfig, namespace } = await environment(t).cluster();
  const api = await openKube(t, kubeconfig);
  const place = { namespace, name: "a" };
  await applyObject(api, CONFIG_MAPS, place, configMap("a", { k: "1" }), { fieldManager: "one" });
  const other = configMap("a", { k: "2" });
  await assert.rejects(applyObject(api, CONFIG_MAPS, place, other, { fieldManager: "two" }), (error: Error & { details: JsonObject }) => {
    assert.deepEqual(
      listIn(error.details, "causes").map((cause) => [textIn(cause, "reason"), textIn(cause, "field")]),
      [["FieldManagerConflict", ".data.k"]],
    );
    return true;
  });
  const forced = await applyObject(api, CONFIG_MAPS, place, other, { fieldManager: "two", force: true, isDryRun: true });
  assert.deepEqual([forced["data"], (await getObject(api, CONFIG_MAPS, place))["data"]], [{ k: "2" }, { k: "1" }]);
});

test("a patch gives the fields of a created object back to their owners: the create itself drops them", { skip }, async (t) => {
  const { kubeconfig, namespace } = await environment(t).cluster();
  const api = await openKube(t, kubeconfig);
  const fields = { "f:data": { ".": {}, "f:k": {} } };
  const owner = {
    manager: "helm",
    operation: "Apply",
    apiVersion: "v1",
    time: "2026-01-01T00:00:00Z",
    fieldsType: "FieldsV1",
    fieldsV1: fields,
  };
  const created = await createObject(api, CONFIG_MAPS, configMap("a", { k: "1" }, { managedFields: [owner] }), { namespace, fieldManager });
  const managers = (value: JsonObject): unknown => listIn(objectIn(value, "metadata"), "managedFields");
  assert.notDeepEqual(managers(created), [owner]);
  const changes = { metadata: { managedFields: [owner] } };
  const patched = await patchObject(api, CONFIG_MAPS, { namespace, name: "a" }, { type: "merge", changes }, { fieldManager });
  assert.deepEqual(managers(patched), [owner]);
});

test("subresources are read and written: status and scale", { skip }, async (t) => {
  const { kubeconfig, namespace } = await environment(t).cluster();
  const api = await openKube(t, kubeconfig);
  const resource = { group: "apps", version: "v1", plural: "deployments" };
  const labels = { app: "a" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "none" }] } };
  const spec = { replicas: 0, selector: { matchLabels: labels }, template };
  const object = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "a" }, spec };
  await createObject(api, resource, object, { namespace, fieldManager });
  const scale = { namespace, name: "a", subresource: "scale" };
  const changed = await patchObject(
    api,
    resource,
    scale,
    { type: "merge", changes: { spec: { replicas: 2 } } },
    { fieldManager, isDryRun: true },
  );
  assert.deepEqual([changed["kind"], objectIn(changed, "spec")["replicas"]], ["Scale", 2]);
  const status = { namespace, name: "a", subresource: "status" };
  const patched = await patchObject(
    api,
    resource,
    status,
    { type: "merge", changes: { status: { observedGeneration: 7 } } },
    { fieldManager },
  );
  assert.equal(objectIn(patched, "status")["observedGeneration"], 7);
});

test("what nobody here knows, and integers of 64 bits, go through untouched", { skip }, async (t) => {
  const cluster = await environment(t).cluster();
  const { kubeconfig, namespace } = cluster;
  const api = await openKube(t, kubeconfig);
  const group = `${namespace}.example.com`;
  const free = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const version = { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: free } };
  const names = { plural: "things", kind: "Thing" };
  await cluster.apply({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `things.${group}` },
    spec: { group, scope: "Namespaced", names, versions: [version] },
  });
  t.after(() => cluster.kubectl("delete", "crd", `things.${group}`, "--wait=false"));
  await cluster.waitFor(`crd/things.${group}`, "condition=Established");
  const things = { group, version: "v1", plural: "things", kind: "Thing" };
  const spec =
    '{"large":9007199254740993,"least":-9223372036854775808,"list":[9223372036854775807],"part":1.5,"unknown":{"__proto__":"x"}}';
  const object = parseJson(`{"apiVersion":"${group}/v1","kind":"Thing","metadata":{"name":"a"},"spec":${spec}}`) as JsonObject;
  const created = await createObject(api, things, object, { namespace, fieldManager });
  assert.equal(JSON.stringify(created["spec"]), spec);
  assert.equal(await cluster.field("thing/a", ".spec.large"), "9007199254740993");
  for await (const { items } of listPages(api, things, { namespace })) assert.equal(JSON.stringify(items[0]?.["spec"]), spec);
});

test("errors say what is invalid, and which rule a user lacks", { skip }, async (t) => {
  const { kubeconfig, namespace } = await environment(t).cluster();
  const api = await openKube(t, kubeconfig);
  const invalid = createObject(api, CONFIG_MAPS, configMap("A_"), { namespace, fieldManager });
  await assert.rejects(invalid, {
    kind: "usage",
    code: "kube_invalid",
    message: /"A_" in namespace ".*": the server finds it invalid: .*RFC 1123/,
  });
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "a" }, data: { key: { hunter: "hunter2" } } };
  const decoded = createObject(api, { group: "", version: "v1", plural: "secrets" }, secret, { namespace, fieldManager });
  await assert.rejects(
    decoded,
    (error: Error & { details: object }) => !`${error.message}${JSON.stringify(error.details)}`.includes("hunter2"),
  );

  const jane = await openKube(t, kubeconfig, () => ({
    impersonation: as("jane", { groups: ["team"], extra: { "example.com/Scope": ["s"] } }),
  }));
  await assert.rejects(getObject(jane, CONFIG_MAPS, { namespace, name: "a" }), {
    kind: "forbidden",
    message: `Cannot get configmaps "a" in namespace "${namespace}": missing the right to get "configmaps" in namespace "${namespace}"`,
    hint: 'Give "jane" a role with apiGroups [""], resources ["configmaps"], verbs ["get"]',
  });
  const reviews = { group: "authentication.k8s.io", version: "v1", plural: "selfsubjectreviews" };
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const who = objectIn(await createObject(jane, reviews, review, { fieldManager }), "status")["userInfo"];
  assert.deepEqual(who, { username: "jane", groups: ["team", "system:authenticated"], extra: { "example.com/scope": ["s"] } });
});

test("a token of a service account, a server name and no trust at all are what a kubeconfig says they are", { skip }, async (t) => {
  const cluster = await environment(t).cluster();
  const { kubeconfig, namespace } = cluster;
  const token = (await cluster.kubectl("create", "token", "default")).trim();
  const account = await openKube(t, kubeconfig, () => ({ user: { token } }));
  await assert.rejects(getObject(account, CONFIG_MAPS, { namespace, name: "a" }), {
    hint: /^Give "system:serviceaccount:.*:default" a role/,
  });
  const wrong = await openKube(t, kubeconfig, () => ({ user: { token: "hunter2" } }));
  await assert.rejects(getObject(wrong, CONFIG_MAPS, { namespace, name: "a" }), { kind: "unauthenticated", code: "kube_credentials" });

  const place = { namespace, name: "kube-root-ca.crt" };
  const named = (serverName: string) => openKube(t, kubeconfig, ({ trust }) => ({ trust: { ...trust, serverName } }));
  await getObject(await named("kubernetes.default.svc"), CONFIG_MAPS, place);
  await assert.rejects(getObject(await named("other.example.com"), CONFIG_MAPS, place), { code: "kube_certificate" });
  const untrusted = await openKube(t, kubeconfig, ({ trust }) => ({ trust: { ...trust, ca: undefined } }));
  await assert.rejects(getObject(untrusted, CONFIG_MAPS, place), {
    code: "kube_certificate",
    message: /certificate of "https:.*" is not trusted/,
  });
  const blind = await openKube(t, kubeconfig, () => ({ trust: { ca: undefined, serverName: undefined, isInsecure: true } }));
  await getObject(blind, CONFIG_MAPS, place);
});

test("a proxy is used as the kubeconfig says", { skip }, async (t) => {
  const { kubeconfig, namespace } = await environment(t).cluster();
  const { url, tunnels } = await startConnectProxy(t);
  const api = await openKube(t, kubeconfig, () => ({ proxy: url.replace("//", "//user:hunter2@") }));
  await getObject(api, CONFIG_MAPS, { namespace, name: "kube-root-ca.crt" });
  assert.deepEqual(tunnels, [`${new URL(api.access.server).host} Basic ${btoa("user:hunter2")}`]);
});

test("lists come in pages of one moment, whole or metadata only, and as selected", { skip }, async (t) => {
  const { kubeconfig, namespace } = await environment(t).cluster();
  const api = await openKube(t, kubeconfig);
  const names = Array.from({ length: 450 }, (_, index) => `c-${String(index).padStart(3, "0")}`);
  const create = async (name: string, index: number) =>
    createObject(api, CONFIG_MAPS, configMap(name, { k: "v" }, { labels: { even: String(index % 2 === 0) } }), { namespace, fieldManager });
  for (let at = 0; at < names.length; at += 30) await Promise.all(names.slice(at, at + 30).map((name, index) => create(name, index)));
  const pages = [];
  for await (const page of listPages(api, CONFIG_MAPS, { namespace, labelSelector: "even" })) {
    // Too late for this list.
    if (pages.length === 0) await deleteObject(api, CONFIG_MAPS, { namespace, name: "c-449" }, { propagation: "Background" });
    pages.push(page);
  }
  const items = pages.flatMap((page) => page.items);
  assert.deepEqual(
    items.map((item) => textIn(objectIn(item, "metadata"), "name")),
    names,
  );
  assert.deepEqual(new Set(pages.map(({ resourceVersion }) => resourceVersion)).size, 1);
  assert.ok(pages.length > 1);
  assert.deepEqual(
    Object.entries(items[0] ?? {}).slice(0, 2),
    [
      ["kind", "ConfigMap"],
      ["apiVersion", "v1"],
    ].toReversed(),
  );

  const odd = await Array.fromAsync(listPages(api, CONFIG_MAPS, { namespace, labelSelector: "even=false", isMetadataOnly: true }));
  const metadata = odd.flatMap((page) => page.items);
  assert.equal(metadata.length, 224);
  assert.deepEqual(Object.keys(metadata[0] ?? {}).toSorted(), ["apiVersion", "kind", "metadata"]);
  assert.equal(metadata[0]?.["kind"], "ConfigMap");
  const one = await Array.fromAsync(listPages(api, CONFIG_MAPS, { namespace, fieldSelector: "metadata.name=c-007" }));
  assert.equal(one.flatMap((page) => page.items).length, 1);
  const all = await Array.fromAsync(listPages(api, CONFIG_MAPS));
  assert.ok(all.flatMap((page) => page.items).length > 450);
});
