import assert from "node:assert/strict";
import { test } from "node:test";
import { type JsonObject, listIn, objectIn, textIn } from "../../src/kube/json.ts";
import { listPages } from "../../src/kube/list.ts";
import { applyObject, getObject, patchObject } from "../../src/kube/objects.ts";
import { RESTORE_MANAGER } from "../../src/recover/field-manager.ts";
import { CONFIG_MAPS, configMap } from "../support/kube.ts";
import { succeeded } from "../support/location.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { restored, type RestoreWorld, restoreWorld } from "../support/restore-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;

function managersOf(object: JsonObject): readonly string[] {
  return listIn(objectIn(object, "metadata"), "managedFields").map((entry) => `${textIn(entry, "manager")} ${textIn(entry, "operation")}`);
}

async function appliedByTwo({ api, namespace }: RestoreWorld): Promise<void> {
  const place = { namespace, name: "shared" };
  await applyObject(api, CONFIG_MAPS, place, configMap("shared", { mine: "1" }), { fieldManager: "ci" });
  const changes = { data: { theirs: "1" } };
  await patchObject(api, CONFIG_MAPS, place, { type: "merge", changes }, { fieldManager: "person" });
}

test("after a restore those who owned fields change them as before, and the restore owns nothing", { skip }, async (t) => {
  const world = await restoreWorld(t, async () => [configMap("applied", { a: "1", b: "1" })]);
  const { cluster, api, cli, namespace, destroy } = world;
  await appliedByTwo(world);
  const before = await getObject(api, CONFIG_MAPS, { namespace, name: "shared" });
  succeeded(await cli.run("backup", namespace));
  await destroy();
  await restored(world, namespace);
  const after = await getObject(api, CONFIG_MAPS, { namespace, name: "shared" });
  assert.deepEqual(objectIn(after, "metadata")["managedFields"], objectIn(before, "metadata")["managedFields"]);
  await cluster.kubectl("create", "configmap", "unrelated");
  await cluster.apply(configMap("applied", { a: "2" })); // as the manager kubectl, without force; what it no longer names goes
  assert.deepEqual((await getObject(api, CONFIG_MAPS, { namespace, name: "applied" }))["data"], { a: "2" });
  const place = { namespace, name: "shared" };
  await applyObject(api, CONFIG_MAPS, place, configMap("shared", { mine: "2" }), { fieldManager: "ci" });
  const theirs = configMap("shared", { theirs: "2" });
  await assert.rejects(applyObject(api, CONFIG_MAPS, place, theirs, { fieldManager: "ci" }), { code: "kube_conflict" });
});

test("--existing update changes the fields that differ only, and gives them back to who owned them in the point", { skip }, async (t) => {
  const world = await restoreWorld(t, async () => [configMap("other", { a: "1" })]);
  const { cluster, api, cli, namespace } = world;
  await appliedByTwo(world);
  succeeded(await cli.run("backup", namespace));
  const place = { namespace, name: "shared" };
  const other = await getObject(api, CONFIG_MAPS, { namespace, name: "other" });
  const changes = { data: { mine: "changed", added: "1" } };
  await patchObject(api, CONFIG_MAPS, place, { type: "merge", changes }, { fieldManager: "stranger" });
  await cluster.kubectl("create", "configmap", "newer");
  const result = await restored(world, namespace, "--existing", "update");
  assert.deepEqual([result.created, result.updated], [0, 1]);
  const after = await getObject(api, CONFIG_MAPS, place);
  assert.deepEqual(after["data"], { mine: "1", theirs: "1" });
  assert.deepEqual(managersOf(after).toSorted(), ["ci Apply", "person Update"]);
  await applyObject(api, CONFIG_MAPS, place, configMap("shared", { mine: "3" }), { fieldManager: "ci" });
  assert.deepEqual(await getObject(api, CONFIG_MAPS, { namespace, name: "other" }), other, "what is as in the point was not touched");
  assert.equal(await cluster.field("configmap/newer", ".metadata.name"), "newer");
});

test("--existing replace makes all of it as it was, and keeps its uid where it can", { skip }, async (t) => {
  const immutable = { ...configMap("immutable", { a: "1" }), immutable: true };
  const world = await restoreWorld(t, async () => [configMap("plain", { a: "1" }), immutable]);
  const { cluster, api, cli, namespace } = world;
  succeeded(await cli.run("backup", namespace));
  const uid = await cluster.field("configmap/plain", ".metadata.uid");
  await cluster.kubectl("patch", "configmap/plain", "--type=merge", '--patch={"data":{"a":"2","b":"3"}}');
  await cluster.kubectl("delete", "configmap/immutable");
  await cluster.apply({ ...configMap("immutable", { a: "2" }), immutable: true });
  const result = await restored(world, namespace, "--existing", "replace");
  assert.equal(result.failed, 0, JSON.stringify(result.findings));
  assert.deepEqual((await getObject(api, CONFIG_MAPS, { namespace, name: "plain" }))["data"], { a: "1" });
  assert.equal(await cluster.field("configmap/plain", ".metadata.uid"), uid);
  assert.deepEqual((await getObject(api, CONFIG_MAPS, { namespace, name: "immutable" }))["data"], { a: "1" });
  for await (const { items } of listPages(api, CONFIG_MAPS, { namespace })) {
    assert.ok(!items.flatMap(managersOf).some((manager) => manager.startsWith(RESTORE_MANAGER)));
  }
});

test("owners are restored with their new uids, whichever is created first", { skip }, async (t) => {
  const world = await restoreWorld(t, async () => [configMap("a-owned"), configMap("owner")]);
  const { cluster, api, cli, namespace, destroy } = world;
  const uid = await cluster.field("configmap/owner", ".metadata.uid");
  const owner = { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid };
  for (const name of ["a-owned"]) {
    const changes = { metadata: { ownerReferences: [owner] } };
    await patchObject(api, CONFIG_MAPS, { namespace, name }, { type: "merge", changes }, { fieldManager: "person" });
  }
  const before = await getObject(api, CONFIG_MAPS, { namespace, name: "a-owned" });
  succeeded(await cli.run("backup", namespace));
  await destroy();
  await restored(world, namespace);
  const newUid = await cluster.field("configmap/owner", ".metadata.uid");
  assert.notEqual(newUid, uid);
  const after = await getObject(api, CONFIG_MAPS, { namespace, name: "a-owned" });
  assert.deepEqual(objectIn(after, "metadata")["ownerReferences"], [{ ...owner, uid: newUid }]);
  const fields = JSON.stringify(objectIn(before, "metadata")["managedFields"]).replaceAll(uid, newUid);
  assert.equal(JSON.stringify(objectIn(after, "metadata")["managedFields"]), fields);
});
