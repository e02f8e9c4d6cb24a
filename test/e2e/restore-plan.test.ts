import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
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
