import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { environment } from "../support/environment.ts";
import { widgetDefinition } from "../support/every-kind.ts";
import { configMap } from "../support/kube.ts";
import { succeeded } from "../support/location.ts";
import { podSpec } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { restored, restoreWorld } from "../support/restore-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;

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

    await cluster.apply(widgetDefinition(group, ["v1", "v2", "v3"]));
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

function workload(env: Readonly<Record<string, string>>): readonly object[] {
  const labels = { app: "web" };
  const template = { metadata: { labels }, spec: podSpec({ image: "holdfast.dev/dev/pause:1", env }) };
  const spec = { replicas: 0, selector: { matchLabels: labels }, template };
  const ports = [{ name: "http", port: 80, targetPort: 8080 }];
  return [
    { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec },
    { apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec: { selector: labels, ports } },
  ];
}

test("after a restore who applied a workload applies it again without force: what he leaves out of a list goes", { skip }, async (t) => {
  const world = await restoreWorld(t, async () => workload({ MODE: "old", GONE: "1" }));
  const { cluster, cli, namespace, destroy } = world;
  await cluster.kubectl("set", "env", "deployment/web", "OTHERS=1");
  succeeded(await cli.run("backup", namespace));
  await destroy();
  await restored(world, namespace);
  await cluster.apply(...workload({ MODE: "new" }));
  const env = await cluster.field("deployment/web", ".spec.template.spec.containers[0].env");
  assert.deepEqual(JSON.parse(env), [
    { name: "MODE", value: "new" },
    { name: "OTHERS", value: "1" },
  ]);
});
