/** A driver without room: clear words, nothing half, nothing left, and it can be done again. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { assertNoLeftovers } from "../support/leftovers.ts";
import { listedPoints, succeeded } from "../support/location.ts";
import { claim } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { devCluster, ownClusterName } from "../support/own-cluster.ts";
import { TestCluster } from "../support/test-cluster.ts";
import { idle, type VolumeWorld, volumeWorld } from "../support/volume-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const FILES_MB = 96;
/** Of each zone's storage, which has 20 GiB. */
const MOST_OF_IT = "20100Mi";

async function ownWorld(t: TestContext): Promise<VolumeWorld> {
  const name = ownClusterName(t);
  succeeded(await devCluster("up", ["--name", name], t.signal));
  const world = await volumeWorld(t, await TestCluster.open(name, t.signal));
  await world.cluster.apply(claim("files"), idle("web", { image: world.shell, mounts: { "/data": "files" } }));
  await world.cluster.kubectl("rollout", "status", "deployment/web", "--timeout=120s");
  await world.sh(world.namespace, "deployment/web", `dd if=/dev/urandom of=/data/large bs=1M count=${FILES_MB} 2>/dev/null && sync`);
  return world;
}

test("a storage without room for a copy of a snapshot is named, and nothing is left", { skip }, async (t) => {
  const world = await ownWorld(t);
  const { cluster, cli, namespace, holdfast } = world;
  const nothingLeft = (when: string): Promise<void> => assertNoLeftovers(cluster, { holdfast, namespaces: [namespace] }, when);

  // Of somebody else.
  const other = await TestCluster.open(cluster.name, t.signal);
  await other.apply(claim("hog", { size: MOST_OF_IT }));
  await other.waitFor("pvc/hog", "jsonpath={.status.phase}=Bound");
  const { exitCode, stderr } = await cli.run("backup", namespace);
  assert.equal(exitCode, 7, stderr);
  assert.match(stderr, /Cannot capture volume "\S+\/files": the storage has no room for a copy of its snapshot: .*bytes left/);
  assert.match(stderr, /Make room on the storage/);
  assert.deepEqual(await listedPoints(cli), []);
  await nothingLeft("by a backup that had no room");
  const volume = await other.field("pvc/hog", ".spec.volumeName");
  await other.kubectl("delete", "pvc", "hog", "--wait");
  await other.kubectl("wait", `pv/${volume}`, "--for=delete", "--timeout=60s");
  succeeded(await cli.run("backup", namespace));
  assert.equal((await listedPoints(cli)).length, 1);
  await nothingLeft("by the backup after it");
});
