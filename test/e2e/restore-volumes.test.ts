import assert from "node:assert/strict";
import { test } from "node:test";
import { succeeded } from "../support/location.ts";
import { claim, IDLE, pod } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { idle, listing, objectsIn, restoredVolumes, volumeWorld } from "../support/volume-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;

/** A root folder that nobody else may read, links, a hole, and times that are long ago. */
const WRITE = [
  "cd /data && mkdir dir && echo hello > dir/file && ln dir/file hard && ln -s dir/file link",
  "dd if=/dev/urandom of=large bs=1M count=3 2>/dev/null && truncate -s 8M hole && touch -d '2020-01-01 00:00:00' dir/file",
  "chown 999:999 /data dir && chmod 700 /data && touch -d '2021-01-01 00:00:00' dir /data && sync",
].join(" && ");
const DISK = "head -c 4194304 /dev/disk | sha256sum";

test(
  "volumes come back as they were: files and devices, made at once or where the pod is, used or not",
  { skip, timeout: 180_000 },
  async (t) => {
    const world = await volumeWorld(t);
    const { cluster, cli, namespace, sh } = world;
    const image = world.shell;
    await cluster.apply(
      claim("files", { size: "64Mi" }),
      claim("disk", { size: "64Mi", block: true }),
      claim("late", { class: "btrfs-wait", size: "64Mi" }),
      claim("unused", { class: "btrfs-wait", size: "64Mi" }),
      idle("web", { image, mounts: { "/data": "files" } }),
      idle("raw", { image, devices: { "/dev/disk": "disk" } }),
      idle("slow", { image, mounts: { "/data": "late" } }),
      pod("once", { image, command: IDLE, mounts: { "/data": "unused" } }),
    );
    await Promise.all(["web", "raw", "slow"].map((name) => cluster.kubectl("rollout", "status", `deployment/${name}`)));
    await cluster.waitFor("pod/once", "condition=Ready");
    await Promise.all(["deployment/web", "deployment/slow", "once"].map((name) => sh(namespace, name, WRITE)));
    await sh(namespace, "deployment/raw", "dd if=/dev/urandom of=/dev/disk bs=1M count=2 conv=fsync 2>/dev/null");
    const unused = await sh(namespace, "once", listing("/data"));
    await cluster.kubectl("delete", "pod", "once");
    const seen = async (place: string): Promise<readonly string[]> => [
      await sh(place, "deployment/web", listing("/data")),
      await sh(place, "deployment/slow", listing("/data")),
      await sh(place, "deployment/raw", DISK),
    ];
    const before = await seen(namespace);
    succeeded(await cli.run("backup", namespace));

    const copy = world.other("copy");
    const result = await restoredVolumes(world, namespace, "--to-namespace", copy);
    assert.deepEqual([result.failed, result.notReady, result.notFilled], [0, 0, 0], JSON.stringify(result.findings));
    assert.deepEqual(result.volumes.map(({ claim: name, from }) => `${name} ${from}`).toSorted(), [
      "disk repository",
      "files repository",
      "late repository",
      "unused repository",
    ]);
    assert.deepEqual(await seen(copy), before);
    const reader = { ...pod("once", { image, command: IDLE, mounts: { "/data": "unused" } }), metadata: { name: "once", namespace: copy } };
    await cluster.kubectl("run", "once", `--namespace=${copy}`, `--image=${image}`, `--overrides=${JSON.stringify(reader)}`);
    await cluster.kubectl("wait", "pod/once", `--namespace=${copy}`, "--for=condition=Ready", "--timeout=60s");
    assert.equal(await sh(copy, "once", listing("/data")), unused);
    // Nothing of it is left, and what was made goes as its class says.
    assert.deepEqual(await objectsIn(cluster, world.holdfast, "persistentvolumeclaims"), []);
    const volumes = await objectsIn(cluster, copy, "persistentvolumes");
    const own = volumes.filter(({ spec }) => (spec as { claimRef?: { namespace?: string } }).claimRef?.namespace === copy);
    assert.deepEqual(
      own.map(({ spec, metadata }) => [
        (spec as { persistentVolumeReclaimPolicy: string }).persistentVolumeReclaimPolicy,
        (metadata as { labels?: unknown }).labels,
      ]),
      own.map(() => ["Delete", undefined]),
    );
    assert.equal(own.length, 4);
  },
);
