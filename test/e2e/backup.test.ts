import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { load } from "js-yaml";
import { run } from "../../dev/host/run.ts";
import { resticBinary } from "../../dev/peers/restic.ts";
import { type Cli, PROGRAM } from "../support/cli.ts";
import { environment } from "../support/environment.ts";
import { listedPoints, makeLocation, openCliOn, succeeded, type TestLocation } from "../support/location.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { resticOn } from "../support/restic.ts";
import type { TestCluster } from "../support/test-cluster.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const SECRET_VALUE = "nobody-is-to-see-this";

interface World {
  readonly cluster: TestCluster;
  readonly location: TestLocation;
  readonly cli: Cli;
}

async function openWorld(t: TestContext, kind: "bucket" | "folder" = "folder"): Promise<World> {
  const cluster = await environment(t).cluster();
  const location = await makeLocation(t, kind);
  await cluster.apply(
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings", labels: { app: "shop" } }, data: { key: "value" } },
    { apiVersion: "v1", kind: "Secret", metadata: { name: "password" }, stringData: { password: SECRET_VALUE } },
  );
  return { cluster, location, cli: await openCliOn(t, location, cluster.kubeconfig) };
}

test(
  "a restore point has the objects of a namespace as the API server gives them, and a second one stores almost nothing",
  { skip },
  async (t) => {
    const { cluster, cli } = await openWorld(t, "bucket");
    const { namespace } = cluster;
    const first = succeeded(await cli.run("backup", namespace, "-o", "json")).json() as { point: string; objects: number };
    const live = JSON.parse(await cluster.kubectl("get", "configmap/settings", "--output=json", "--show-managed-fields")) as unknown;
    const extracted = succeeded(await cli.run("point", "extract", namespace, "configmap/settings"));
    assert.deepEqual(extracted.json(), live);
    const second = succeeded(await cli.run("backup", namespace, "-o", "json")).json() as { bytesStored: number };
    assert.ok(second.bytesStored < 10_000, `${second.bytesStored} bytes`);
    const points = await listedPoints(cli, namespace);
    assert.deepEqual(
      points.map(({ unit, objects, isPartial }) => [unit.name, objects, isPartial]),
      [first, first].map(({ objects }) => [namespace, objects, false]),
    );
    assert.equal(points[0]?.id, first.point);
    const folders = succeeded(await cli.run("point", "browse", first.point, `objects/${namespace}/core`)).stdout.split("\n");
    assert.ok(
      ["configmaps/", "secrets/", "serviceaccounts/"].every((folder) => folders.includes(folder)),
      folders.join(),
    );
    const shown = succeeded(await cli.run("point", "show", `${namespace}@${first.point.slice(0, 20)}`));
    assert.match(shown.stdout, /configmaps +1\n/);
    assert.ok(![shown, first].some((output) => JSON.stringify(output).includes(SECRET_VALUE)));
  },
);

test("restic restores a point as one file for each object", { skip }, async (t) => {
  const { cluster, location, cli } = await openWorld(t);
  succeeded(await cli.run("backup", cluster.namespace));
  const [point] = await listedPoints(cli);
  const repository = join(location.url, point?.path ?? "");
  const passwordFile = join(cli.folder, "restic.password");
  const access = ["repository", "access", "--repository", repository, "--password-file", location.keyFile, "--password-out", passwordFile];
  succeeded(await cli.run(...access));
  const restic = resticOn({
    program: await resticBinary(),
    repository,
    password: (await readFile(passwordFile, "utf8")).trim(),
    signal: t.signal,
  });
  await restic.run("check", "--read-data");
  const target = join(cli.folder, "restored");
  await restic.run("restore", "latest", "--target", target);
  const folder = join(target, "objects", cluster.namespace, "core/configmaps/v1");
  assert.deepEqual(await readdir(folder), ["settings.json"]);
  const file = JSON.parse(await readFile(join(folder, "settings.json"), "utf8")) as { data: unknown };
  assert.deepEqual(file.data, { key: "value" });
  const description = JSON.parse(await readFile(join(target, "holdfast.json"), "utf8")) as { id: string };
  assert.equal(description.id, point?.id);
});

test("a kind that may not be listed ends the backup and names the rule, or is left out if asked for", { skip }, async (t) => {
  const { cluster, location } = await openWorld(t);
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "reader" } };
  const rules = [
    { apiGroups: [""], resources: ["namespaces", "configmaps"], verbs: ["get", "list"] },
    { nonResourceURLs: ["/version"], verbs: ["get"] },
  ];
  const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: cluster.namespace }, rules };
  const binding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: cluster.namespace },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: cluster.namespace },
    subjects: [{ kind: "ServiceAccount", name: "reader", namespace: cluster.namespace }],
  };
  await cluster.apply(account, role, binding);
  t.after(() => cluster.kubectl("delete", "clusterrole,clusterrolebinding", cluster.namespace));
  const cli = await openCliOn(t, location, await impersonating(cluster, `system:serviceaccount:${cluster.namespace}:reader`, t));
  const refused = await cli.run("backup", cluster.namespace);
  assert.equal(refused.exitCode, 4, refused.stderr);
  assert.match(refused.stderr, /missing the right to list \S+/);
  assert.match(refused.stderr, /--allow-partial/);
  assert.deepEqual(await listedPoints(cli), []);
  const partial = await cli.run("backup", cluster.namespace, "--allow-partial");
  assert.equal(partial.exitCode, 3, partial.stderr);
  assert.match(partial.stderr, /partial: .*missing the right to list "secrets"/);
  const points = await listedPoints(cli);
  assert.deepEqual(
    points.map(({ isPartial, objects }) => [isPartial, objects]),
    [[true, 2]],
  );
});

test("bad input of a backup is refused with a clear sentence, and makes no point", { skip }, async (t) => {
  const { cluster, cli } = await openWorld(t);
  const nowhere = join(cli.folder, "kubeconfig");
  await writeFile(nowhere, (await readFile(cluster.kubeconfig, "utf8")).replace(/https:\/\/[^"\s]+/, "https://127.0.0.1:1"));
  const otherKey = await makeLocation(t);
  for (const [args, exitCode, message] of [
    [["backup", "no-such-namespace"], 5, /Cannot find application "no-such-namespace": the cluster has none of that name/],
    [["backup", cluster.namespace, "--kubeconfig", nowhere], 7, /"https:\/\/127\.0\.0\.1:1" does not answer \(ECONNREFUSED\)/],
    [["backup", cluster.namespace, "--kubeconfig", join(cli.folder, "none")], 2, /Cannot find a cluster/],
    [["backup", cluster.namespace, "--location", join(cli.folder, "no-location")], 5, /Cannot open location ".*": there is none/],
    [["backup", cluster.namespace, "--password-file", otherKey.keyFile], 12, /Cannot open location ".*": this is not its key/],
    [["point", "show", "shop"], 5, /Cannot find restore point "shop": there is none/],
    [["point", "extract", cluster.namespace, "configmap/none"], 5, /Cannot find restore point/],
  ] as const) {
    const result = await cli.run(...args);
    assert.equal(result.exitCode, exitCode, `${args.join(" ")}: ${result.stderr}`);
    assert.match(result.stderr, message);
  }
  assert.deepEqual(await listedPoints(cli), []);
});

test("a location that cannot be written to is refused, and one that is known is still read", { skip }, async (t) => {
  const { cluster, location, cli } = await openWorld(t);
  succeeded(await cli.run("backup", cluster.namespace));
  await run("mount", ["--bind", location.url, location.url]);
  try {
    await run("mount", ["-o", "remount,ro,bind", location.url]);
    const refused = await cli.run("backup", cluster.namespace);
    assert.equal(refused.exitCode, 4, refused.stderr);
    assert.match(refused.stderr, /permission denied/);
    assert.equal((await listedPoints(cli)).length, 1);
  } finally {
    await run("umount", [location.url]);
  }
});

test("killed at any moment, a backup leaves no half point, and the next one succeeds", { skip }, async (t) => {
  const { cluster, location, cli } = await openWorld(t);
  await cluster.apply(
    ...Array.from({ length: 300 }, (_, at) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: `many-${at}` },
      data: { text: `${at} `.repeat(500) },
    })),
  );
  const variables = { ...location.variables, KUBECONFIG: cluster.kubeconfig, PATH: process.env["PATH"] ?? "", HOME: cli.folder };
  let killed = 0;
  for (const afterMs of [300, 500, 650, 800, 950, 1_100, 1_300]) {
    const child = spawn(PROGRAM, ["backup", cluster.namespace], { env: variables, stdio: "ignore" });
    const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    clearTimeout(timer);
    if (code === null) killed++;
  }
  assert.ok(killed > 0, "no run was killed");
  succeeded(await cli.run("backup", cluster.namespace));
  const points = await listedPoints(cli);
  for (const { id, objects } of points) {
    const shown = succeeded(await cli.run("point", "show", id, "-o", "json")).json() as { resources: { count: number }[] };
    assert.equal(
      shown.resources.reduce((sum, { count }) => sum + count, 0),
      objects,
    );
  }
  const repository = join(location.url, points[0]?.path ?? "");
  succeeded(await cli.run("repository", "check", "--read-data", "--repository", repository));
});

/** The cluster as somebody else. */
async function impersonating(cluster: TestCluster, user: string, t: TestContext): Promise<string> {
  const file = join(await environment(t).temporaryFolder(), "kubeconfig");
  const config = load(await readFile(cluster.kubeconfig, "utf8")) as { users: { user: Record<string, unknown> }[] };
  for (const entry of config.users) entry.user["as"] = user;
  await writeFile(file, JSON.stringify(config));
  return file;
}
