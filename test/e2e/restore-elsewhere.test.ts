import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { environment } from "../support/environment.ts";
import { widgetDefinition } from "../support/every-kind.ts";
import { makeLocation, openCliOn, succeeded } from "../support/location.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { controlPlane, devCluster } from "../support/own-cluster.ts";
import type { TestCluster } from "../support/test-cluster.ts";

const skip = SKIP_WITHOUT_CLUSTER;

function randomGroup(): string {
  return `${randomBytes(4).toString("hex")}.example.com`;
}

function widget(group: string, version: string): object {
  const spec = { size: 3, unknown: { to: ["anybody"] } };
  return { apiVersion: `${group}/${version}`, kind: "Widget", metadata: { name: "widget" }, spec };
}

test(
  "after its cluster was destroyed an application is brought to another one, under another name and changed, from location and key alone",
  {
    skip,
  },
  async (t) => {
    const target = await environment(t).cluster();
    const image = await target.image("pause");
    const location = await makeLocation(t, "bucket");
    const { name, cluster: source } = await controlPlane(t);
    const group = randomGroup();
    await source.apply(widgetDefinition(group));
    await source.waitFor(`crd/widgets.${group}`, "condition=Established");
    const labels = { app: "web" };
    const container = {
      name: "web",
      image: `registry.example.com/${image}`,
      imagePullPolicy: "Never",
      envFrom: [{ configMapRef: { name: "settings" } }],
    };
    await source.apply(
      widget(group, "v2"),
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { MODE: "production" } },
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "web" } },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: { name: "web" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
        subjects: [{ kind: "ServiceAccount", name: "web", namespace: source.namespace }],
      },
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "web" },
        spec: {
          replicas: 3,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { serviceAccountName: "web", containers: [container] } },
        },
      },
    );
    const there = await openCliOn(t, location, source.kubeconfig);
    succeeded(await there.run("backup", source.namespace, "--cluster-name", "lost"));
    succeeded(await devCluster("down", ["--name", name], t.signal));

    const here = await openCliOn(t, location, target.kubeconfig);
    const transforms = join(here.folder, "transforms.yaml");
    const registry = { name: "registry", do: [{ imageRegistry: { from: "registry.example.com/holdfast.dev", to: "holdfast.dev" } }] };
    const small = { name: "small", select: { kinds: ["Deployment"] }, do: [{ replicas: 1 }] };
    const set = {
      apiVersion: "holdfast.dev/v1alpha1",
      kind: "TransformSet",
      metadata: { name: "move" },
      spec: { transforms: [registry, small] },
    };
    await writeFile(transforms, JSON.stringify(set));
    const namespace = `${target.namespace}-moved`;
    t.after(() => target.kubectl("delete", "namespace", namespace, "--wait=false", "--ignore-not-found"));
    t.after(() => target.kubectl("delete", "crd", `widgets.${group}`, "--wait=false", "--ignore-not-found"));
    const args = ["restore", `lost/${source.namespace}`, "--to-namespace", namespace, "--transform", transforms];
    succeeded(await here.run(...args, "--dry-run"));
    succeeded(await here.run(...args));
    const field = async (object: string, path: string): Promise<string> =>
      target.kubectl("get", object, `--namespace=${namespace}`, `--output=jsonpath={${path}}`);
    assert.deepEqual(
      [
        await field("deployment/web", ".status.readyReplicas"),
        await field("deployment/web", ".spec.template.spec.containers[0].image"),
        await field("rolebinding/web", ".subjects[0].namespace"),
        await field("configmap/settings", ".data.MODE"),
        await field(`widgets.${group}/widget`, ".spec.unknown.to[0]"),
      ],
      ["1", image, namespace, "production", "anybody"],
    );
  },
);

test("an application goes to an older Kubernetes that knows an older version of its resource, and back", { skip }, async (t) => {
  const newer = await environment(t).cluster();
  const { cluster: older } = await controlPlane(t, "--version", "1.33");
  const location = await makeLocation(t);
  const group = randomGroup();
  await newer.apply(widgetDefinition(group));
  t.after(() => newer.kubectl("delete", "crd", `widgets.${group}`, "--wait=false", "--ignore-not-found"));
  await older.apply(widgetDefinition(group, ["v1"]));
  for (const cluster of [newer, older]) await cluster.waitFor(`crd/widgets.${group}`, "condition=Established");
  await newer.apply(widget(group, "v2"), { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { key: "value" } });
  const [onNewer, onOlder] = [await openCliOn(t, location, newer.kubeconfig), await openCliOn(t, location, older.kubeconfig)];
  succeeded(await onNewer.run("backup", newer.namespace, "--cluster-name", "newer"));
  succeeded(await onOlder.run("restore", `newer/${newer.namespace}`, "--to-namespace", "moved"));
  const read = async (cluster: TestCluster, namespace: string): Promise<unknown> => {
    const json = await cluster.kubectl("get", `widgets.${group}/widget`, `--namespace=${namespace}`, "--output=json");
    const { apiVersion, spec } = JSON.parse(json) as { apiVersion: string; spec: unknown };
    return { apiVersion, spec };
  };
  const { spec } = widget(group, "v1") as { spec: unknown };
  assert.deepEqual(await read(older, "moved"), { apiVersion: `${group}/v1`, spec });

  succeeded(await onOlder.run("backup", "moved", "--cluster-name", "older"));
  const back = `${newer.namespace}-back`;
  t.after(() => newer.kubectl("delete", "namespace", back, "--wait=false", "--ignore-not-found"));
  succeeded(await onNewer.run("restore", "older/moved", "--to-namespace", back));
  assert.deepEqual(await read(newer, back), { apiVersion: `${group}/v2`, spec });

  await older.kubectl("delete", "namespace", "moved");
  await older.kubectl("delete", "crd", `widgets.${group}`);
  await older.apply(widgetDefinition(group, ["v1alpha1"]));
  await older.waitFor(`crd/widgets.${group}`, "condition=Established");
  const refused = await onOlder.run("restore", `newer/${newer.namespace}`, "--to-namespace", "again");
  assert.equal(refused.exitCode, 9, refused.stderr);
  assert.match(refused.stderr, /Widget|widgets/);
  assert.equal(await older.kubectl("get", "namespace", "again", "--ignore-not-found", "--output=name"), "");
});
