import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { succeeded } from "../support/location.ts";
import { claim, claimSpec, podSpec } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { assertNothingLeft, type BackedUp, consistencies, resticRestore, volumeHandles, volumeWorld } from "../support/volume-backups.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const DATA = "/var/lib/postgresql/data";
/** Of the class btrfs-slow, from the cut on. */
const READY_AFTER_MS = 10_000;

function postgres(name: string, image: string, storageClass: string): object {
  const env = { POSTGRES_PASSWORD: "only-for-this-test" };
  const spec = podSpec({ image, env, mounts: { [DATA]: "data" } }) as { readonly containers: readonly object[] };
  // Patient, because on a busy machine a pod would come and go.
  const readinessProbe = {
    exec: { command: ["psql", "-U", "postgres", "-c", "select 1"] },
    periodSeconds: 1,
    timeoutSeconds: 30,
    failureThreshold: 60,
  };
  const containers = [{ ...spec.containers[0], readinessProbe }];
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name },
    spec: {
      serviceName: name,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { ...spec, containers, volumes: [] } },
      volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claimSpec({ size: "1Gi", class: storageClass }) }],
    },
  };
}

test(
  "a database is held still only until its volumes are cut, also if they take long to get ready; one without snapshots is dumped",
  { skip },
  async (t) => {
    const world = await volumeWorld(t);
    const { cluster, cli } = world;
    const image = await cluster.image("postgres");
    await cluster.apply(postgres("cut", image, "btrfs"), postgres("dumped", image, "plain"), claim("files"));
    for (const name of ["cut", "dumped"]) await cluster.waitFor(`statefulset/${name}`, "jsonpath={.status.readyReplicas}=1");
    await cluster.exec("dumped-0", "psql", "-U", "postgres", "-qc", "create table kept as select 'a row of the dump' as text");

    const result = succeeded(await cli.run("backup", cluster.namespace, "--snapshot-class", "btrfs-slow", "-o", "json"));
    const done = result.json() as BackedUp & { readonly databases: readonly { readonly workload: string; readonly quiescedMs?: number }[] };
    assert.deepEqual(consistencies(done), { "data-cut-0": "application", "data-dumped-0": "stream", files: "group" });
    const held = done.databases.find(({ workload }) => workload === "StatefulSet/cut")?.quiescedMs ?? Infinity;
    assert.ok(held < READY_AFTER_MS, `quiesced for ${held} ms`);
    assert.deepEqual(
      done.findings.filter(({ code }) => !code.startsWith("object_")),
      [],
    );

    const restored = await resticRestore(t, world, done);
    const [dump = ""] = await readdir(join(restored, "streams"));
    assert.match(await readFile(join(restored, "streams", dump), "utf8"), /a row of the dump/);
    assert.ok((await readdir(join(restored, "volumes/data-cut-0/pgdata"))).includes("PG_VERSION"));
    await assertNothingLeft(world, await volumeHandles(cluster));
  },
);

test("a container that cannot hold its database still is told of before anything is changed", { skip }, async (t) => {
  const world = await volumeWorld(t);
  const { cluster, cli, holdfastNamespace } = world;
  const image = await cluster.image("shell");
  await cluster.apply(claim("data"), {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "db", labels: { app: "db" }, annotations: { "holdfast.dev/blueprint": "postgresql" } },
    spec: podSpec({ image, command: ["sleep", "1000000"], mounts: { "/data": "data" } }),
  });
  await cluster.waitFor("pod/db", "condition=Ready");
  const refused = await cli.run("backup", cluster.namespace);
  assert.equal(refused.exitCode, 9, refused.stderr);
  assert.match(refused.stderr, /Cannot quiesce Pod\/db in namespace "\S+": "psql" cannot be found in container "main"/);
  assert.equal(await cluster.kubectl("get", "namespace", holdfastNamespace, "--ignore-not-found"), "");
  const partial = await cli.run("backup", cluster.namespace, "--allow-partial", "-o", "json");
  assert.equal(partial.exitCode, 3, partial.stderr);
  assert.deepEqual(consistencies(partial.json() as BackedUp), { data: "crash" });
});
