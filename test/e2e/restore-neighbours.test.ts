import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { helmBinary } from "../../dev/helm/helm.ts";
import { run } from "../../dev/host/run.ts";
import { writeChart } from "../support/chart.ts";
import { environment } from "../support/environment.ts";
import { widgetDefinition } from "../support/every-kind.ts";
import { configMap } from "../support/kube.ts";
import { succeeded } from "../support/location.ts";
import { podSpec } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { restored, restoreWorld } from "../support/restore-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;

interface Definition {
  readonly spec: { readonly versions: readonly object[] };
}

/** The definition as its next release has it: with one version more, in which objects are stored from then on. */
function nextRelease(definition: object): object {
  const { spec } = definition as Definition;
  const known = spec.versions.map((version) => ({ ...version, storage: false }));
  return { ...definition, spec: { ...spec, versions: [...known, { ...known[0], name: "v3", storage: true }] } };
}

test(
  "an application that is restored from an older point leaves alone what it shares with another one, and that one",
  { skip },
  async (t) => {
    const group = `${randomBytes(4).toString("hex")}.example.com`;
    const [crd, widget] = [`crd/widgets.${group}`, `widgets.${group}/widget`];
    const widgetOf = (version: string, size: number): object => {
      return { apiVersion: `${group}/${version}`, kind: "Widget", metadata: { name: "widget" }, spec: { size } };
    };
    const world = await restoreWorld(t, async () => [configMap("settings", { key: "old" })]);
    const { cluster, cli, namespace, destroy } = world;
    const neighbour = await environment(t).cluster();
    t.after(() => cluster.kubectl("delete", crd, "--wait=false", "--ignore-not-found"));
    await cluster.apply(widgetDefinition(group));
    await cluster.waitFor(crd, "condition=Established");
    await cluster.apply(widgetOf("v1", 1));
    succeeded(await cli.run("backup", namespace));

    await cluster.apply(nextRelease(widgetDefinition(group)));
    await cluster.waitFor(crd, "jsonpath={.status.storedVersions[1]}=v3");
    await neighbour.apply(widgetOf("v3", 3), configMap("settings", { key: "theirs" }));
    await cluster.apply(widgetOf("v3", 2), configMap("settings", { key: "new" }));
    const shared = async (): Promise<string> => {
      const kinds = `configmaps,secrets,serviceaccounts,widgets.${group}`;
      const get = (what: string): Promise<string> => neighbour.kubectl("get", what, "--output=json", "--show-managed-fields");
      return `${await get(kinds)}${await get(crd)}`;
    };
    const before = await shared();

    const updated = await restored(world, namespace, "--existing", "update", "--dependencies", "update");
    assert.deepEqual([updated.created, updated.updated, updated.failed], [0, 2, 0], JSON.stringify(updated.findings));
    assert.equal(await cluster.field(widget, ".spec.size"), "1");
    assert.equal(await shared(), before);
    await destroy();
    const again = await restored(world, namespace);
    assert.equal(again.failed, 0, JSON.stringify(again.findings));
    assert.deepEqual([await cluster.field(widget, ".spec.size"), await cluster.field("configmap/settings", ".data.key")], ["1", "old"]);
    assert.equal(await shared(), before);
  },
);

function workload(name: string, env: Readonly<Record<string, string>>): readonly object[] {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: podSpec({ image: "holdfast.dev/dev/pause:1", env }) };
  const spec = { replicas: 0, selector: { matchLabels: labels }, template };
  const ports = [{ name: "http", port: 80, targetPort: 8080 }];
  return [
    { apiVersion: "apps/v1", kind: "Deployment", metadata: { name, labels }, spec },
    { apiVersion: "v1", kind: "Service", metadata: { name, labels }, spec: { selector: labels, ports } },
    configMap(name, env),
  ];
}

test("after a restore Helm upgrades its release, and who applied a workload applies it again, neither with force", { skip }, async (t) => {
  const chart = await environment(t).temporaryFolder();
  const program = await helmBinary(t.signal);
  const world = await restoreWorld(t, async () => workload("plain", { MODE: "old", GONE: "1" }));
  const { cluster, cli, namespace, destroy } = world;
  const helm = async (...args: readonly string[]): Promise<string> =>
    (await run(program, args, { env: { KUBECONFIG: cluster.kubeconfig, HOME: chart }, signal: t.signal })).stdout;
  await writeChart(chart, "web", "1.0.0", workload("web", { MODE: "old", GONE: "1" }));
  await helm("install", "shop", chart, "--namespace", namespace);
  succeeded(await cli.run("backup", namespace));
  await destroy();
  await restored(world, namespace);
  const copy = world.other("copy");
  await restored(world, namespace, "--to-namespace", copy);

  const environmentOf = async (name: string, place: string): Promise<unknown> => {
    const deployment = await cluster.kubectl("get", `deployment/${name}`, `--namespace=${place}`, "--output=json");
    const { spec } = JSON.parse(deployment) as { spec: { template: { spec: { containers: { env: unknown }[] } } } };
    return spec.template.spec.containers[0]?.env;
  };
  await writeChart(chart, "web", "1.1.0", workload("web", { MODE: "new" }));
  for (const place of [namespace, copy]) {
    await helm("upgrade", "shop", chart, "--namespace", place);
    assert.deepEqual(await environmentOf("web", place), [{ name: "MODE", value: "new" }]);
    const history = JSON.parse(await helm("history", "shop", "--namespace", place, "--output=json")) as {
      revision: number;
      status: string;
    }[];
    assert.deepEqual(
      history.map(({ revision, status }) => [revision, status]),
      [
        [1, "superseded"],
        [2, "deployed"],
      ],
    );
  }
  await cluster.apply(...workload("plain", { MODE: "new" }));
  assert.deepEqual(await environmentOf("plain", namespace), [{ name: "MODE", value: "new" }]);
});
