import assert from "node:assert/strict";
import { test } from "node:test";
import { succeeded } from "../support/location.ts";
import { claimSpec, IDLE, podSpec } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { devCluster, ownClusterName } from "../support/own-cluster.ts";
import { TestCluster } from "../support/test-cluster.ts";
import { objectsIn, restoredVolumes, volumeWorld } from "../support/volume-world.ts";

const REPLICAS = 3;
const ZONE = "topology.kubernetes.io/zone";

/** One after the other, as equally over the zones as can be, and no two on a node of the same zone as long as there is another. */
function database(image: string): object {
  const labels = { app: "db" };
  const spec = podSpec({ image, command: IDLE }) as { containers: readonly object[] };
  const containers = spec.containers.map((container) => ({ ...container, volumeMounts: [{ name: "data", mountPath: "/data" }] }));
  const spread = { maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: "DoNotSchedule", labelSelector: { matchLabels: labels } };
  const apart = { podAffinityTerm: { topologyKey: ZONE, labelSelector: { matchLabels: labels } }, weight: 100 };
  const affinity = { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [apart] } };
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "db" },
    spec: {
      replicas: REPLICAS,
      serviceName: "db",
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { ...spec, containers, affinity, topologySpreadConstraints: [spread] } },
      volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claimSpec({ class: "btrfs-wait", size: "64Mi" }) }],
    },
  };
}

test(
  "a StatefulSet of three whose pods keep apart in two zones comes back with its volumes where its pods are",
  { skip: SKIP_WITHOUT_CLUSTER, timeout: 600_000 },
  async (t) => {
    const name = ownClusterName(t);
    succeeded(await devCluster("up", ["--name", name, "--nodes", "2"], t.signal));
    const world = await volumeWorld(t, await TestCluster.open(name, t.signal));
    const { cluster, cli, namespace, sh } = world;
    await cluster.apply(database(world.shell));
    await cluster.kubectl("rollout", "status", "statefulset/db", "--timeout=240s");
    const pods = Array.from({ length: REPLICAS }, (_, index) => `db-${index}`);
    for (const pod of pods) await sh(namespace, pod, `echo ${pod} > /data/name; sync`);
    succeeded(await cli.run("backup", namespace));

    const copy = world.other("copy");
    const result = await restoredVolumes(world, namespace, "--to-namespace", copy);
    assert.deepEqual([result.failed, result.notFilled, result.notReady], [0, 0, 0], JSON.stringify(result.findings));
    assert.equal(result.volumes.length, REPLICAS);
    for (const pod of pods) assert.equal(await sh(copy, pod, "cat /data/name"), `${pod}\n`);
    const nodes = (await objectsIn(cluster, copy, "pods")).map(({ spec }) => (spec as { nodeName?: string }).nodeName);
    assert.equal(new Set(nodes).size, 2, "they are in both zones");
  },
);
