import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { claim, IDLE, pod } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { assertNothingLeft, backUpVolumes, consistencies, resticRestore, volumeHandles, volumeWorld } from "../support/volume-backups.ts";

const skip = SKIP_WITHOUT_CLUSTER;

test(
  "a volume without snapshots is refused before anything is changed, left out if told to, or read while it is in use",
  { skip },
  async (t) => {
    const world = await volumeWorld(t);
    const { cluster, cli, holdfastNamespace } = world;
    const image = await cluster.image("shell");
    await cluster.apply(claim("data"), claim("logs", { class: "plain" }), claim("later", { class: "plain" }));
    await cluster.apply(pod("web", { image, command: IDLE, mounts: { "/data": "data", "/logs": "logs" } }));
    await cluster.waitFor("pod/web", "condition=Ready");
    await cluster.exec("web", "sh", "-c", "echo of data > /data/a; echo of logs > /logs/a; sync");
    const refused = await cli.run("backup", cluster.namespace);
    assert.equal(refused.exitCode, 9, refused.stderr);
    assert.match(refused.stderr, /Cannot capture volume "\S+\/logs": driver "plain\.csi\.holdfast\.dev" has no VolumeSnapshotClass/);
    assert.match(refused.stderr, /--allow-live/);
    assert.equal(await cluster.kubectl("get", "namespace", holdfastNamespace, "--ignore-not-found"), "");

    const partial = await cli.run("backup", cluster.namespace, "--allow-partial", "-o", "json");
    assert.equal(partial.exitCode, 3, partial.stderr);
    assert.match(partial.stderr, /volume_without_snapshots/);

    const missing = await cli.run("backup", cluster.namespace, "--allow-live");
    assert.equal(missing.exitCode, 9, missing.stderr);
    assert.match(missing.stderr, new RegExp(`kubectl create namespace ${holdfastNamespace}-live`));
    await cluster.kubectl("create", "namespace", `${holdfastNamespace}-live`);
    t.after(() => cluster.kubectl("delete", "namespace", `${holdfastNamespace}-live`, "--wait=false"));
    const done = await backUpVolumes(world, "--allow-live");
    assert.deepEqual(consistencies(done), { data: "crash", logs: "live", later: "skip" });
    assert.deepEqual(
      done.findings.map(({ code }) => code),
      ["volume_pending"],
    );
    const restored = await resticRestore(t, world, done);
    assert.equal(await readFile(join(restored, "volumes/logs/a"), "utf8"), "of logs\n");
    assert.equal(await readFile(join(restored, "volumes/data/a"), "utf8"), "of data\n");
    await assertNothingLeft(world, await volumeHandles(cluster));
  },
);

test("volumes left out by request touch nothing of Holdfast's in the cluster", { skip }, async (t) => {
  const world = await volumeWorld(t);
  const { cluster, holdfastNamespace } = world;
  await cluster.apply(claim("data"));
  await cluster.waitFor("pvc/data", "jsonpath={.status.phase}=Bound");
  const done = await backUpVolumes(world, "--volumes", "skip");
  assert.deepEqual(consistencies(done), { data: "skip" });
  assert.deepEqual(
    done.findings.map(({ code }) => code),
    ["volume_skipped"],
  );
  assert.equal(await cluster.kubectl("get", "namespace", holdfastNamespace, "--ignore-not-found"), "");
});
