import assert from "node:assert/strict";
import { test } from "node:test";
import { identify } from "../../dev/cluster/process-identity.ts";
import { claim, IDLE, pod } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { devCluster, leftovers, ownClusterName, processesIn } from "../support/own-cluster.ts";
import { TestCluster } from "../support/test-cluster.ts";

const WARM_START_MS = 25_000;

test("two clusters run side by side, and each goes without a trace", { skip: SKIP_WITHOUT_CLUSTER }, async (t) => {
  const names = [ownClusterName(t), ownClusterName(t)] as const;
  const started = performance.now();
  const ups = [await devCluster("up", ["--name", names[0]], t.signal)];
  const startMs = performance.now() - started;
  ups.push(await devCluster("up", ["--name", names[1], "--nodes", "2"], t.signal));
  for (const [at, up] of ups.entries()) {
    assert.equal(up.exitCode, 0, up.stderr);
    assert.equal(up.stdout, `export KUBECONFIG=/var/lib/holdfast-dev/${names[at]}/kubeconfig\n`);
  }
  assert.ok(startMs < WARM_START_MS, `a warm start took ${startMs} ms`);

  const again = await devCluster("up", ["--name", names[0]], t.signal);
  assert.deepEqual([again.exitCode, again.stdout, again.stderr], [0, ups[0]?.stdout, ""], "up has nothing to do for a cluster that runs");
  const { stdout: table } = await devCluster("status", [], t.signal);
  assert.match(table, new RegExp(`^${names[0]} +ready +1\\.36 +1 +/`, "m"));
  assert.match(table, new RegExp(`^${names[1]} +ready +1\\.36 +2 +/`, "m"));

  const clusters = [await TestCluster.open(names[0], t.signal), await TestCluster.open(names[1], t.signal)] as const;
  for (const cluster of clusters) {
    await cluster.apply(
      pod("runs", { image: await cluster.image("shell"), command: ["sh", "-c", "while true; do date +%s; sleep 1; done"] }),
    );
    await cluster.waitFor("pod/runs", "condition=Ready");
  }
  assert.equal(
    await clusters[1].kubectl("get", "nodes", "--output=jsonpath={.items[*].metadata.labels.topology\\.kubernetes\\.io/zone}"),
    "zone-a zone-b",
  );

  await t.test("a volume lives in the zone of the node that its first pod came to", async () => {
    const [, cluster] = clusters;
    const image = await cluster.image("shell");
    await cluster.apply(
      claim("data", { class: "btrfs-wait" }),
      pod("first", { image, command: IDLE, mounts: { "/data": "data" }, node: "node-2" }),
    );
    await cluster.waitFor("pod/first", "condition=Ready");
    const volume = await cluster.field("pvc/data", ".spec.volumeName");
    assert.match(await cluster.field(`pv/${volume}`, ".spec.nodeAffinity.required"), /"zone-b"/);
    await cluster.apply(pod("second", { image, command: IDLE, mounts: { "/data": "data" }, node: "node-1" }));
    await cluster.waitFor("pod/second", "condition=PodScheduled=false");
    assert.match(await cluster.field("pod/second", ".status.conditions[0].message"), /PersistentVolume's node affinity/);
  });

  const inside = await processesIn(names[0]);
  const down = await devCluster("down", ["--name", names[0]], t.signal);
  assert.equal(down.exitCode, 0, down.stderr);
  assert.ok(inside.length > 18, `components, shims and containers were ${inside.length} processes`);
  assert.deepEqual(
    (await Promise.all(inside.map(identify))).filter((process) => process !== undefined),
    [],
  );
  assert.deepEqual(await leftovers(names[0]), []);
  assert.match(await clusters[1].kubectl("logs", "runs", "--since=5s"), /^\d+$/m, "the other cluster's pod goes on");
  assert.equal((await devCluster("down", ["--name", names[1]], t.signal)).exitCode, 0);
  assert.deepEqual(await leftovers(names[1]), []);

  const downAgain = await devCluster("down", ["--name", names[1]], t.signal);
  assert.equal(downAgain.exitCode, 5);
  assert.match(downAgain.stderr, new RegExp(`^Cannot end cluster "${names[1]}": there is none of that name$`, "m"));
});
