/** Somebody works on the application, or on what a backup has made in its namespace, while the backup runs. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeApi } from "../../src/kube/kube-api.ts";
import { idOfObject } from "../../src/kube/object-id.ts";
import { deleteObject } from "../../src/kube/objects.ts";
import { watch } from "../../src/kube/watch.ts";
import { openKube } from "../support/kube.ts";
import { claim, IDLE, pod } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import {
  assertNothingLeft,
  backUpVolumes,
  type BackedUp,
  consistencies,
  resticRestore,
  volumeHandles,
  volumeWorld,
  type VolumeWorld,
} from "../support/volume-backups.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const PATIENCE_MS = 60_000;

async function withData(world: VolumeWorld, claims: readonly string[]): Promise<readonly string[]> {
  const { cluster } = world;
  const image = await cluster.image("shell");
  await cluster.apply(...claims.map((name) => claim(name)));
  const mounts = Object.fromEntries(claims.map((name) => [`/${name}`, name]));
  await cluster.apply(pod("web", { image, command: IDLE, mounts }));
  await cluster.waitFor("pod/web", "condition=Ready");
  await cluster.exec("web", "sh", "-c", claims.map((name) => `echo of ${name} > /${name}/a`).join(" && "));
  await cluster.exec("web", "sync");
  return volumeHandles(cluster);
}

/** Waits until kubectl names something. */
async function untilThere({ cluster }: VolumeWorld, ...args: readonly string[]): Promise<string> {
  const until = performance.now() + PATIENCE_MS;
  while (true) {
    const names = await cluster.kubectl("get", ...args, "--ignore-not-found", "--output=name");
    if (names !== "") return names.trim();
    assert.ok(performance.now() < until, `there is no ${args.join(" ")}`);
    await sleep(50);
  }
}

const SNAPSHOTS = { group: "snapshot.storage.k8s.io", version: "v1", plural: "volumesnapshots", kind: "VolumeSnapshot" } as const;

/** Deletes each snapshot of a namespace in the moment in which it is made. Gives how many there were. */
async function deleteAll(api: KubeApi, namespace: string, signal: AbortSignal): Promise<number> {
  let count = 0;
  try {
    for await (const event of watch(api, SNAPSHOTS, { namespace, signal })) {
      if (event.type !== "added") continue;
      count++;
      const { name } = idOfObject(event.object);
      await deleteObject(api, SNAPSHOTS, { namespace, name }, { propagation: "Background", signal }).catch(() => undefined);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return count;
}

test("a namespace that is deleted while its snapshots get ready takes nothing of the point along", { skip }, async (t) => {
  const world = await volumeWorld(t);
  const { cluster, cli, holdfastNamespace } = world;
  const volumes = await withData(world, ["one", "two"]);
  const running = cli.run("backup", cluster.namespace, "--snapshot-class", "btrfs-slow", "-o", "json");
  await untilThere(world, "volumesnapshots", `--namespace=${holdfastNamespace}`);
  // The first pair of objects goes when the second is seen to be the same.
  while ((await cluster.kubectl("get", "volumegroupsnapshots", "--output=name")) !== "") await sleep(50);
  await cluster.kubectl("delete", "namespace", cluster.namespace, "--wait=false");
  const result = await running;
  assert.equal(result.exitCode, 0, result.stderr);
  const done = result.json() as BackedUp;
  const restored = await resticRestore(t, world, done);
  for (const name of ["one", "two"]) assert.equal(await readFile(join(restored, `volumes/${name}/a`), "utf8"), `of ${name}\n`);
  await assertNothingLeft(world, volumes);
});

test(
  "a snapshot that is deleted as soon as it appears fails the backup in words or not at all, and leaves nothing",
  { skip },
  async (t) => {
    const world = await volumeWorld(t);
    const { cluster, cli } = world;
    const volumes = await withData(world, ["one"]);
    const api = await openKube(t, cluster.kubeconfig);
    const done = new AbortController();
    const meddling = deleteAll(api, cluster.namespace, done.signal);
    const result = await cli.run("backup", cluster.namespace, "-o", "json");
    done.abort();
    assert.ok((await meddling) > 0);
    if (result.exitCode !== 0) {
      assert.equal(result.exitCode, 6, result.stderr);
      assert.match(result.stderr, /"code":"snapshot_gone"/);
    }
    await assertNothingLeft(world, volumes);
    assert.deepEqual(consistencies(await backUpVolumes(world)), { one: "crash" });
    await assertNothingLeft(world, volumes);
  },
);
