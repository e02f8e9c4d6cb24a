import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { environment } from "../support/environment.ts";
import { startFileOperator } from "../support/file-operator.ts";
import { openKube } from "../support/kube.ts";
import { makeLocation, openCliOn, succeeded } from "../support/location.ts";
import { claim, IDLE } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { idle, listing, objectsIn, type RestoredVolumes, volumeWorld } from "../support/volume-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;

interface CloneReport {
  readonly failed: number;
  readonly notReady: number;
}

test("a copy runs small and shut in, and its end leaves alone what the original owns outside of the cluster", { skip }, async (t) => {
  const cluster = await environment(t).cluster();
  const api = await openKube(t, cluster.kubeconfig);
  const folder = await environment(t).temporaryFolder();
  const path = join(folder, "owned");
  const operator = await startFileOperator(t, cluster, api);
  const image = await cluster.image("shell");
  const labels = { app: "web" };
  const template = {
    metadata: { labels },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "web", image, imagePullPolicy: "Never", command: IDLE }] },
  };
  await cluster.apply(
    operator.file("owned", path),
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web" },
      spec: { replicas: 2, selector: { matchLabels: labels }, template },
    },
    {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "report" },
      spec: {
        schedule: "0 0 1 1 *",
        jobTemplate: { spec: { template: { ...template, spec: { ...template.spec, restartPolicy: "Never" } } } },
      },
    },
    { apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec: { type: "NodePort", selector: labels, ports: [{ port: 80 }] } },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "web" },
      spec: { defaultBackend: { service: { name: "web", port: { number: 80 } } } },
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "out" },
      spec: { podSelector: {}, policyTypes: ["Egress"], egress: [{}] },
    },
  );
  await cluster.waitFor("deployment/web", "condition=Available");
  await cluster.waitFor(`files.${operator.group}/owned`, `jsonpath={.metadata.finalizers[0]}=${operator.group}/file`);
  await access(path);

  const copy = `${cluster.namespace}-copy`;
  t.after(() => cluster.kubectl("delete", "namespace", copy, "--ignore-not-found", "--wait=false"));
  const cli = await openCliOn(t, await makeLocation(t), cluster.kubeconfig);
  succeeded(await cli.run("backup", cluster.namespace));
  const args = ["clone", cluster.namespace, "--to-namespace", copy, "--external-group", operator.group, "-o", "json"];
  const report = succeeded(await cli.run(...args)).json() as CloneReport;
  assert.deepEqual([report.failed, report.notReady], [0, 0]);

  const read = async (what: string, field: string): Promise<string> => cluster.kubectl("get", what, "-n", copy, `-o=jsonpath={${field}}`);
  assert.equal(await read("deployment/web", ".spec.replicas"), "1");
  assert.equal(await read("cronjob/report", ".spec.suspend"), "true");
  assert.equal(await read("service/web", ".spec.type"), "ClusterIP");
  assert.equal(await read("ingress,files", ".items"), "[]");
  assert.equal(await read("networkpolicy", ".items[*].metadata.name"), "holdfast-clone");
  assert.equal(await read("networkpolicy/holdfast-clone", ".spec.policyTypes"), '["Egress"]');

  await cluster.kubectl("delete", "namespace", copy, "--wait", "--timeout=60s");
  await access(path);
  await cluster.kubectl("delete", `files.${operator.group}/owned`, "--timeout=60s");
  await assert.rejects(access(path), { code: "ENOENT" }, "the operator works: the original's end takes its file along");
});

test("the data of a copy lies on other storage, to be looked at only if so asked", { skip, timeout: 180_000 }, async (t) => {
  const world = await volumeWorld(t);
  const { cluster, cli, namespace, shell: image, sh } = world;
  await cluster.apply(
    claim("files", { size: "64Mi" }),
    claim("disk", { size: "64Mi", block: true }),
    idle("web", { image, mounts: { "/data": "files" }, devices: { "/dev/disk": "disk" } }, 2),
  );
  await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=120s");
  const write =
    "echo hello > /data/a && mkdir /data/d && touch -d '2020-01-01 00:00:00' /data/d/b && dd if=/dev/urandom of=/dev/disk bs=1M count=2 && sync";
  await sh(namespace, "deployment/web", write);
  const DISK = "head -c 4194304 /dev/disk | sha256sum";
  const seen = async (place: string): Promise<readonly string[]> =>
    Promise.all([listing("/data"), DISK].map((line) => sh(place, "deployment/web", line)));
  const before = await seen(namespace);
  succeeded(await cli.run("backup", namespace));

  const copy = world.other("copy");
  const args = ["--to-namespace", copy, "--storage-class", "btrfs=plain", "--read-only-volumes", "-o", "json"];
  const report = succeeded(await cli.run("clone", namespace, ...args)).json() as RestoredVolumes;
  assert.deepEqual([report.failed, report.notReady, report.notFilled], [0, 0, 0], JSON.stringify(report.findings));
  assert.deepEqual(await seen(copy), before);
  assert.equal((await sh(copy, "deployment/web", "echo more 2>/dev/null > /data/a || echo refused")).trim(), "refused");
  await sh(namespace, "deployment/web", "echo more > /data/a");
  assert.equal((await sh(copy, "deployment/web", "cat /data/a")).trim(), "hello");
  const claims = await objectsIn(cluster, copy, "persistentvolumeclaims");
  assert.deepEqual(
    claims.map(({ spec }) => (spec as { readonly storageClassName: string }).storageClassName),
    ["plain", "plain"],
  );
});
