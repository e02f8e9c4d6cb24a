import assert from "node:assert/strict";
import { test } from "node:test";
import { succeeded } from "../support/location.ts";
import { claimSpec, podSpec } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { volumeWorld } from "../support/volume-world.ts";

/** On storage without snapshots, so that it is dumped; or with them. */
function postgres(name: string, image: string, storageClass: string): object {
  const labels = { app: name };
  const spec = podSpec({
    image,
    labels,
    env: { POSTGRES_PASSWORD: "only-for-tests" },
  }) as { containers: readonly object[] };
  // A busy machine is no reason to take it for down.
  const exec = { command: ["pg_isready", "-h", "127.0.0.1", "-U", "postgres"] };
  const containers = spec.containers.map((container) => ({
    ...container,
    readinessProbe: { exec, periodSeconds: 1, timeoutSeconds: 20, failureThreshold: 30 },
    volumeMounts: [{ name: "data", mountPath: "/var/lib/postgresql/data" }],
  }));
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name },
    spec: {
      replicas: 1,
      serviceName: name,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { ...spec, containers } },
      volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claimSpec({ class: storageClass, size: "256Mi" }) }],
    },
  };
}

test(
  "databases come back with their rows, from a dump or from their volume, and are asked whether they are sound",
  { skip: SKIP_WITHOUT_CLUSTER, timeout: 480_000 },
  async (t) => {
    const world = await volumeWorld(t);
    const { cluster, cli, namespace, sh } = world;
    const image = await cluster.image("postgres");
    const names = ["plain", "snap"];
    await cluster.apply(postgres("plain", image, "plain"), postgres("snap", image, "btrfs"));
    await Promise.all(names.map((name) => cluster.kubectl("rollout", "status", `statefulset/${name}`, "--timeout=120s")));
    const sql = async (place: string, name: string, text: string): Promise<string> =>
      sh(place, `${name}-0`, `psql -U postgres -qAtc "${text}"`);
    for (const name of names) await sql(namespace, name, "create table t as select generate_series(1, 1000) n");
    succeeded(await cli.run("backup", namespace));

    const copy = world.other("copy");
    const result = succeeded(await cli.run("restore", namespace, "--to-namespace", copy, "-o", "json")).json() as {
      readonly databases: readonly { readonly workload: string; readonly check: string; readonly loadedBytes?: number }[];
    };
    const told = result.databases.map(
      ({ workload, check, loadedBytes }) => `${workload} ${check}${loadedBytes === undefined ? "" : " loaded"}`,
    );
    assert.deepEqual(told.toSorted(), ["StatefulSet/plain passed loaded", "StatefulSet/snap passed"]);
    for (const name of names) assert.equal(await sql(copy, name, "select count(*), sum(n) from t"), "1000|500500\n");
  },
);
