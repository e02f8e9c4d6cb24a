import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { load } from "js-yaml";
import { widgetDefinition } from "../support/every-kind.ts";
import { configMap } from "../support/kube.ts";
import { succeeded } from "../support/location.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import type { CommandResult } from "../support/program.ts";
import { restoreWorld } from "../support/restore-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const SECRET = "nobody-is-to-see-this";
const ENCODED = Buffer.from(SECRET).toString("base64");

function secret(value: string): object {
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "password" }, stringData: { password: value } };
}

interface Refusal {
  readonly code: string;
  readonly message: string;
}

function refusal(result: CommandResult, exitCode: number): Refusal {
  assert.equal(result.exitCode, exitCode, `${result.stdout}\n${result.stderr}`);
  const last = result.stderr.trim().split("\n").at(-1) ?? "";
  return (JSON.parse(last) as { error: Refusal }).error;
}

test("a plan is made, shows no secrets, changes nothing, and is executed as it stands, once", { skip }, async (t) => {
  const world = await restoreWorld(t, async () => [configMap("a", { k: "1" }), secret(SECRET)]);
  const { cluster, cli, namespace } = world;
  succeeded(await cli.run("backup", namespace));
  const copy = world.other("copy");
  const file = join(cli.folder, "plan");
  const dry = ["--dry-run", "--plan", file, "--to-namespace", copy];
  const shown = succeeded(await cli.run("restore", namespace, ...dry)).stdout;
  assert.match(shown, /4 to create, 0 to update, 0 to replace, 0 to leave as they are; 0 left out\n/);
  assert.match(shown, /\n  create {3}ConfigMap\/a +checked\n/);
  assert.ok(
    shown.split("\n").every((line) => line.length <= 80),
    shown,
  );
  await assert.rejects(cluster.kubectl("get", "namespace", copy));

  const text = await readFile(file, "utf8");
  assert.ok(!text.includes(SECRET) && !text.includes(ENCODED));
  const point = (JSON.parse(text) as { point: string }).point;
  const other = refusal(await cli.run("restore", point, "--plan", file, "--existing", "update", "-o", "json"), 2);
  assert.deepEqual(other, { ...other, code: "plan_options", message: "Cannot execute a plan with --existing: it has its options in it" });
  succeeded(await cli.run("restore", point, "--plan", file));
  assert.equal(await cluster.kubectl("get", "secret/password", `--namespace=${copy}`, "--output=jsonpath={.data.password}"), ENCODED);
  const again = refusal(await cli.run("restore", point, "--plan", file, "-o", "json"), 6);
  assert.equal(again.code, "plan_outdated");
  assert.match(again.message, /^Cannot execute this plan: the cluster has moved on: .* is there now; /);
});

test(
  "a dry run asks the server where it can, and a plan of updates is refused after somebody has changed what it is about",
  { skip },
  async (t) => {
    const world = await restoreWorld(t, async () => [configMap("a", { k: "1" }), secret(SECRET)]);
    const { cluster, cli, namespace } = world;
    succeeded(await cli.run("backup", namespace));
    await cluster.kubectl("patch", "configmap/a", "--type=merge", '--patch={"data":{"k":"2"}}');
    await cluster.apply(secret("something-else-here"));
    const file = join(cli.folder, "plan");
    const dry = succeeded(await cli.run("restore", namespace, "--existing", "update", "--dry-run", "--plan", file));
    assert.match(dry.stdout, /\n  2 verified\n/);
    assert.match(dry.stdout, /\n  update {3}ConfigMap\/a +verified\n {11}data\.k: "2" -> "1"\n/);
    assert.match(dry.stdout, /\n  update {3}Secret\/password +verified\n {11}data\.password: changed\n/);
    assert.equal(await cluster.field("configmap/a", ".data.k"), "2");
    await cluster.kubectl("patch", "configmap/a", "--type=merge", '--patch={"data":{"k":"3"}}');
    const late = refusal(await cli.run("restore", namespace, "--plan", file, "-o", "json"), 6);
    assert.equal(
      late.message,
      `Cannot execute this plan: the cluster has moved on: ConfigMap "a" in namespace "${namespace}" has been changed`,
    );
    assert.equal(await cluster.field("configmap/a", ".data.k"), "3");
  },
);

test("what cannot be restored is said in a sentence, and nothing has changed", { skip }, async (t) => {
  const world = await restoreWorld(t, async () => [configMap("a", { k: "1" }), configMap("b", { k: "1" })]);
  const { cluster, cli, namespace } = world;
  succeeded(await cli.run("backup", namespace));
  const restore = async (exitCode: number, ...args: readonly string[]): Promise<Refusal> =>
    refusal(await cli.run("restore", namespace, ...args, "-o", "json"), exitCode);

  await cluster.kubectl("patch", "configmap/a", "--type=merge", '--patch={"data":{"k":"2"}}');
  const exists = await restore(6);
  assert.equal(exists.code, "restore_exists");
  assert.equal(
    exists.message,
    `Cannot restore: 1 object would be changed that is there and not as in the point: ConfigMap "a" in namespace "${namespace}"`,
  );

  const busy = world.other("busy");
  await cluster.kubectl("create", "namespace", busy);
  await cluster.kubectl("create", "configmap", "theirs", `--namespace=${busy}`);
  const inUse = await restore(6, "--to-namespace", busy);
  assert.equal(
    inUse.message,
    `Cannot restore into namespace "${busy}": it has other things in it: ConfigMap "theirs" in namespace "${busy}"`,
  );
  assert.equal((await cluster.kubectl("get", "configmap/a", `--namespace=${busy}`, "--ignore-not-found")).trim(), "");

  await cluster.kubectl(
    "patch",
    "configmap",
    "theirs",
    `--namespace=${busy}`,
    "--type=merge",
    '--patch={"metadata":{"finalizers":["test/hold"]}}',
  );
  await cluster.kubectl("delete", "namespace", busy, "--wait=false");
  const leaving = await restore(6, "--to-namespace", busy);
  assert.equal(leaving.message, `Cannot restore into namespace "${busy}": it is being deleted`);
  await cluster.kubectl("patch", "configmap", "theirs", `--namespace=${busy}`, "--type=merge", '--patch={"metadata":{"finalizers":null}}');

  assert.equal(
    (await restore(5, "--only", "Deployment/none")).message,
    'Cannot restore only "deployment/none": the point does not have it',
  );
  assert.equal((await restore(2, "--only", "none")).code, "restore_only_form");
  assert.equal((await restore(2, "--storage-class", "none")).code, "restore_storage_class");
  assert.equal((await restore(2, "--plan", join(cli.folder, "none"))).code, "plan_file");
});

test(
  "single objects are brought back into a namespace that is in use, and a quota without room is told before anything is written",
  { skip },
  async (t) => {
    const world = await restoreWorld(t, async () => [configMap("a", { k: "1" }), configMap("b", { k: "1" })]);
    const { cluster, cli, namespace } = world;
    succeeded(await cli.run("backup", namespace));
    await cluster.kubectl("delete", "configmap", "a", "b");
    await cluster.kubectl("create", "configmap", "newer");
    succeeded(await cli.run("restore", namespace, "--only", "cm/a"));
    assert.deepEqual(
      (await cluster.kubectl("get", "configmaps", "--output=name")).split("\n").filter((name) => !name.includes("kube-root")),
      ["configmap/a", "configmap/newer", ""],
    );
    await cluster.kubectl("create", "quota", "full", "--hard=count/configmaps=3");
    await cluster.waitFor("resourcequota/full", "jsonpath={.status.used.count/configmaps}=3");
    const full = refusal(await cli.run("restore", namespace, "--only", "cm/b", "-o", "json"), 6);
    assert.equal(full.message, `Cannot restore into namespace "${namespace}": quota "full" has room for 0 of 1 "count/configmaps"`);
  },
);

test("a right that is missing is named, and a kind that the cluster does not serve, before anything is written", { skip }, async (t) => {
  const group = `${randomBytes(4).toString("hex")}.example.com`;
  const world = await restoreWorld(t, async () => [configMap("a", { k: "1" })]);
  const { cluster, cli, namespace } = world;
  await cluster.apply(widgetDefinition(group));
  t.after(() => cluster.kubectl("delete", "crd", `widgets.${group}`, "--wait=false", "--ignore-not-found"));
  await cluster.waitFor(`crd/widgets.${group}`, "condition=Established");
  await cluster.apply({ apiVersion: `${group}/v1`, kind: "Widget", metadata: { name: "w" }, spec: {} });
  succeeded(await cli.run("backup", namespace));
  const copy = world.other("copy");

  await cluster.kubectl("create", "serviceaccount", "reader");
  await cluster.kubectl("create", "clusterrolebinding", namespace, "--clusterrole=view", `--serviceaccount=${namespace}:reader`);
  t.after(() => cluster.kubectl("delete", "clusterrolebinding,clusterrole", namespace, "--ignore-not-found"));
  const token = (await cluster.kubectl("create", "token", "reader")).trim();
  const kubeconfig = join(cli.folder, "reader.kubeconfig");
  const config = load(await readFile(cluster.kubeconfig, "utf8")) as { users: { user: object }[] };
  for (const user of config.users) user.user = { token };
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  const rules = ["create", "clusterrole", namespace, "--verb=get", "--resource=namespaces,customresourcedefinitions"];
  await cluster.kubectl(...rules);
  await cluster.kubectl(
    "create",
    "clusterrolebinding",
    `${namespace}-more`,
    `--clusterrole=${namespace}`,
    `--serviceaccount=${namespace}:reader`,
  );
  t.after(() => cluster.kubectl("delete", "clusterrolebinding", `${namespace}-more`, "--ignore-not-found"));
  const args = ["--to-namespace", copy, "--only", "ConfigMap/a", "--kubeconfig", kubeconfig, "-o", "json"];
  const forbidden = refusal(await cli.run("restore", namespace, ...args), 4);
  assert.equal(forbidden.code, "restore_forbidden");
  assert.match(forbidden.message, new RegExp(`missing the right to .*create "configmaps" in namespace "${copy}"`));

  await cluster.kubectl("delete", "crd", `widgets.${group}`);
  const other = widgetDefinition(group) as { spec: { versions: { name: string }[] } };
  for (const version of other.spec.versions) version.name = `v${Number(version.name.slice(1)) + 6}`;
  await cluster.apply(other);
  await cluster.waitFor(`crd/widgets.${group}`, "condition=Established");
  const gone = refusal(await cli.run("restore", namespace, "--to-namespace", copy, "-o", "json"), 9);
  assert.match(
    gone.message,
    /^Cannot restore: the cluster does not serve "widgets\..*" in version .*\/v\d \(the cluster serves other versions only\)$/,
  );
  await assert.rejects(cluster.kubectl("get", "namespace", copy));
});
