import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { environment } from "../support/environment.ts";
import { configMap } from "../support/kube.ts";
import { listedPoints, makeLocation, openCliOn, succeeded } from "../support/location.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";

const skip = SKIP_WITHOUT_CLUSTER;

test(
  "an application that is declared over two namespaces is captured by itself, leaves their units, and comes back",
  { skip },
  async (t) => {
    const { cluster: openCluster } = environment(t);
    const [web, db] = [await openCluster(), await openCluster()];
    const labels = { "app.kubernetes.io/part-of": "shop" };
    const selector = { matchLabels: { app: "web" } };
    const container = { name: "web", image: "holdfast.dev/dev/pause:1", envFrom: [{ secretRef: { name: "password" } }] };
    const template = { metadata: { labels: selector.matchLabels }, spec: { containers: [container] } };
    await web.apply(
      { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", labels }, spec: { replicas: 0, selector, template } },
      configMap("settings", { key: "value" }, { labels }),
      configMap("unrelated", { key: "web" }),
    );
    await db.apply(configMap("tuning", { key: "db" }, { labels }), configMap("unrelated", { key: "db" }));
    const cli = await openCliOn(t, await makeLocation(t), web.kubeconfig);
    const file = join(cli.folder, "units.yaml");
    // Other tests may have a namespace of a plain name.
    const unit = `${web.namespace}-shop`;
    const shop = { name: unit, namespaces: [web.namespace, db.namespace], selector: "app.kubernetes.io/part-of=shop" };
    await writeFile(file, JSON.stringify({ applications: [shop] }));
    const captured = async (point: string, namespace: string, folder: string): Promise<string> =>
      succeeded(await cli.run("point", "browse", point, `objects/${namespace}/${folder}`)).stdout;

    for (const name of [unit, web.namespace, db.namespace]) succeeded(await cli.run("backup", name, "--units", file));
    const points = await listedPoints(cli, unit);
    assert.deepEqual(
      points.map(({ unit: { kind }, path }) => [kind, path.endsWith(`/_applications/${unit}`)]),
      [["declared", true]],
    );
    assert.equal(await captured(unit, web.namespace, "core/configmaps/v1"), "settings.json\n");
    assert.equal(await captured(unit, db.namespace, "core/configmaps/v1"), "tuning.json\n");
    for (const { namespace } of [web, db]) {
      const left = await captured(namespace, namespace, "core/configmaps/v1");
      assert.ok(left.includes("unrelated.json") && !/settings|tuning/.test(left), left);
      const resources = await captured(namespace, namespace, "");
      assert.ok(!resources.includes("apps/"), resources);
    }

    const unrelated = async (): Promise<readonly string[]> =>
      Promise.all([web, db].map((cluster) => cluster.kubectl("get", "configmap/unrelated", "--output=json", "--show-managed-fields")));
    const values = async (): Promise<readonly string[]> => [
      await web.field("configmap/settings", ".data.key"),
      await web.field("deployment/web", ".spec.template.spec.containers[0].name"),
      await db.field("configmap/tuning", ".data.key"),
    ];
    const before = await unrelated();
    for (const cluster of [web, db]) await cluster.kubectl("delete", "deployments,configmaps", "--selector=app.kubernetes.io/part-of=shop");
    const refused = await cli.run("restore", unit);
    assert.equal(refused.exitCode, 6);
    assert.match(refused.stderr, /it has other things in it: ConfigMap "unrelated"/);
    succeeded(await cli.run("restore", unit, "--existing", "keep"));
    assert.deepEqual(await values(), ["value", "web", "db"]);
    assert.deepEqual(await unrelated(), before);
    assert.equal(succeeded(await cli.run("point", "diff", unit, "live", "--units", file, "--exit-code")).stdout, "Nothing differs\n");

    for (const cluster of [web, db]) await cluster.kubectl("delete", "namespace", cluster.namespace, "--wait", "--timeout=120s");
    succeeded(await cli.run("restore", unit));
    assert.deepEqual(await values(), ["value", "web", "db"]);
    assert.equal(await web.kubectl("get", "configmap/unrelated", "--ignore-not-found", "--output=name"), "");
  },
);
