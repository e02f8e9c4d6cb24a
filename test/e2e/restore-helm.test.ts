import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { helmBinary } from "../../dev/helm/helm.ts";
import { run } from "../../dev/host/run.ts";
import { writeChart } from "../support/chart.ts";
import { environment } from "../support/environment.ts";
import { succeeded } from "../support/location.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { restored, type RestoreWorld, restoreWorld } from "../support/restore-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;

/** Not of the release. */
const BESIDE = { apiVersion: "v1", kind: "Secret", metadata: { name: "beside" }, stringData: { a: "b" } };

interface Release {
  /** Runs Helm on a namespace. */
  readonly helm: (namespace: string, ...args: readonly string[]) => Promise<string>;
  /** Of the chart in a version of it; the second has another value, an object more and one less. */
  readonly chart: (version: "1.0.0" | "2.0.0") => string;
}

/** Release "shop", installed into the namespace of the test and captured. */
async function installed(t: TestContext, { cluster, cli, namespace }: RestoreWorld): Promise<Release> {
  const folder = await environment(t).temporaryFolder();
  const program = await helmBinary(t.signal);
  const release: Release = {
    chart: (version) => join(folder, version),
    async helm(where, ...args) {
      const env = { KUBECONFIG: cluster.kubeconfig, HOME: folder };
      return (await run(program, [...args, "--namespace", where], { env, signal: t.signal })).stdout;
    },
  };
  const configMap = (name: string, value: string): object => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    // Many charts say it, and Helm would then look for it there.
    metadata: { name, namespace: "{{ .Release.Namespace }}" },
    data: { value },
  });
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "web" } };
  const binding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "web" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
    subjects: [{ kind: "ServiceAccount", name: "web", namespace: "{{ .Release.Namespace }}" }],
  };
  await writeChart(release.chart("1.0.0"), "shop", "1.0.0", [configMap("settings", "1"), configMap("old", "1"), account, binding]);
  await writeChart(release.chart("2.0.0"), "shop", "2.0.0", [configMap("settings", "2"), configMap("new", "2"), account, binding]);
  await release.helm(namespace, "install", "shop", release.chart("1.0.0"));
  succeeded(await cli.run("backup", namespace));
  return release;
}

async function configMaps({ cluster }: RestoreWorld, namespace: string): Promise<readonly string[]> {
  const text = await cluster.kubectl(
    "get",
    "configmaps",
    "--namespace",
    namespace,
    "--output=jsonpath={range .items[*]}{.metadata.name}={.data.value} {end}",
  );
  return text
    .trim()
    .split(" ")
    .filter((entry) => entry !== "" && !entry.startsWith("kube-root-ca.crt"));
}

test("after a restore Helm upgrades the release as if nothing had been", { skip }, async (t) => {
  const world = await restoreWorld(t, async () => [BESIDE]);
  const { namespace, destroy } = world;
  const { helm, chart } = await installed(t, world);
  await destroy();
  await restored(world, namespace);
  await helm(namespace, "upgrade", "shop", chart("2.0.0"));
  assert.deepEqual(await configMaps(world, namespace), ["new=2", "settings=2"]);
  assert.match(await helm(namespace, "history", "shop"), /superseded.*shop-1\.0\.0[^]*deployed.*shop-2\.0\.0/);
});

test("a release that is restored beside its original is upgraded and removed without it", { skip }, async (t) => {
  const world = await restoreWorld(t, async () => [BESIDE]);
  const { namespace, cluster, other } = world;
  const { helm, chart } = await installed(t, world);
  const copy = other("copy");
  await restored(world, namespace, "--to-namespace", copy);
  const original = await configMaps(world, namespace);
  assert.deepEqual(original, ["old=1", "settings=1"]);
  assert.match(await helm(copy, "list"), new RegExp(`^shop\\s+${copy}\\s+1\\s.*deployed\\s+shop-1\\.0\\.0`, "m"));
  assert.equal(await cluster.kubectl("get", "rolebinding/web", "--namespace", copy, "--output=jsonpath={.subjects[0].namespace}"), copy);

  await helm(copy, "upgrade", "shop", chart("2.0.0"));
  assert.deepEqual(await configMaps(world, copy), ["new=2", "settings=2"]);
  assert.deepEqual(await configMaps(world, namespace), original);

  await helm(copy, "uninstall", "shop", "--wait");
  assert.deepEqual(await configMaps(world, copy), []);
  assert.deepEqual(await configMaps(world, namespace), original);
});
