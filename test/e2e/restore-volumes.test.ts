import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createObject } from "../../src/kube/objects.ts";
import { FIELD_MANAGER, openKube } from "../support/kube.ts";
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
const LIMIT_RANGES = { group: "", version: "v1", plural: "limitranges" };
const DISK = "head -c 4194304 /dev/disk | sha256sum";

test(
  "volumes come back as they were: files and devices, made at once or where the pod is, used or not",
  { skip, timeout: 480_000 },
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
    // Nothing of it is left when the last mover has ended, and what was made goes as its class says.
    while ((await objectsIn(cluster, world.holdfast, "persistentvolumeclaims")).length > 0)
      await sleep(200, undefined, { signal: t.signal });
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

test(
  "volumes alone, another class, and the local snapshot; what a quota or a limit refuses is refused before anything is filled",
  { skip, timeout: 480_000 },
  async (t) => {
    const world = await volumeWorld(t);
    const { cluster, cli, namespace, sh } = world;
    const image = world.shell;
    await cluster.apply(claim("files", { size: "64Mi" }), idle("web", { image, mounts: { "/data": "files" } }));
    await cluster.kubectl("rollout", "status", "deployment/web");
    await sh(namespace, "deployment/web", WRITE);
    const before = await sh(namespace, "deployment/web", listing("/data"));
    succeeded(await cli.run("backup", namespace, "--keep-snapshots", "1"));

    // Beside it, in a namespace with little room.
    const narrow = world.other("narrow");
    await cluster.kubectl("create", "namespace", narrow);
    await cluster.kubectl("create", "quota", "storage", `--namespace=${narrow}`, "--hard=requests.storage=32Mi");
    await cluster.kubectl("wait", "resourcequota/storage", `--namespace=${narrow}`, "--for=jsonpath={.status.used}", "--timeout=30s");
    const refused = await cli.run("restore", namespace, "--to-namespace", narrow, "--existing", "keep");
    assert.equal(refused.exitCode, 6);
    assert.match(refused.stderr, /quota "storage" has room for 32 MiB of 64 MiB "requests.storage"/);
    assert.deepEqual(await objectsIn(cluster, narrow, "persistentvolumeclaims"), []);
    await cluster.kubectl("delete", "resourcequota", "storage", `--namespace=${narrow}`);
    const limits = [{ type: "PersistentVolumeClaim", max: { storage: "32Mi" } }];
    const range = { apiVersion: "v1", kind: "LimitRange", metadata: { name: "storage" }, spec: { limits } };
    const api = await openKube(t, cluster.kubeconfig);
    await createObject(api, LIMIT_RANGES, range, { namespace: narrow, fieldManager: FIELD_MANAGER });
    const limited = await cli.run("restore", namespace, "--to-namespace", narrow, "--existing", "keep", "--volumes-only", "-o", "json");
    assert.equal(limited.exitCode, 3, limited.stderr);
    assert.match(limited.stderr, /maximum storage usage per PersistentVolumeClaim is 32Mi/);
    assert.deepEqual((limited.json() as { volumes: unknown }).volumes, []);

    const snapshots = await restoredVolumes(world, namespace, "--to-namespace", world.other("quick"));
    assert.deepEqual(
      snapshots.volumes.map(({ from, bytes }) => [from, bytes]),
      [["snapshot", undefined]],
    );
    assert.equal(await sh(`${namespace}-quick`, "deployment/web", listing("/data")), before);

    const alone = world.other("alone");
    const other = await restoredVolumes(
      world,
      namespace,
      "--to-namespace",
      alone,
      "--volumes-only",
      "--storage-class",
      "btrfs=plain",
      "--volume-size",
      "files=96Mi",
    );
    assert.deepEqual(
      other.volumes.map(({ from }) => from),
      ["repository"],
      JSON.stringify(other.findings),
    );
    assert.deepEqual(
      other.findings.map(({ code }) => code),
      ["local_snapshot_unusable"],
    );
    assert.deepEqual(await objectsIn(cluster, alone, "deployments"), []);
    const [made] = await objectsIn(cluster, alone, "persistentvolumeclaims");
    assert.deepEqual((made?.["status"] as { capacity?: unknown } | undefined)?.capacity, { storage: "96Mi" });
    const later = await restoredVolumes(
      world,
      namespace,
      "--to-namespace",
      alone,
      "--storage-class",
      "btrfs=plain",
      "--volume-size",
      "files=96Mi",
    );
    assert.deepEqual([later.volumes, later.notReady], [[], 0], "the rest comes later, and what is filled stays as it is");
    assert.equal(await sh(alone, "deployment/web", listing("/data")), before);

    // Single files, into the claim that is in use.
    const path = async (...args: readonly string[]): ReturnType<typeof cli.run> =>
      cli.run("restore", namespace, "--to-namespace", alone, "--path", "volumes/files/dir", ...args);
    const refusedPath = await path();
    assert.equal(refusedPath.exitCode, 6);
    assert.match(refusedPath.stderr, /there are already "dir\/file"/);
    await sh(alone, "deployment/web", "rm -r /data/dir");
    succeeded(await path());
    await sh(alone, "deployment/web", "touch -d '2021-01-01 00:00:00' /data/dir /data");
    const withoutHardLink = "cd /data && stat -c '%n %F %a %u:%g %s %Y' dir dir/file && cat dir/file";
    assert.equal(await sh(alone, "deployment/web", withoutHardLink), await sh(namespace, "deployment/web", withoutHardLink));
    const target = `${cli.folder}/extracted`;
    succeeded(await cli.run("point", "extract", namespace, "volumes/files/dir", "--target", target));
    assert.equal(await readFile(`${target}/file`, "utf8"), "hello\n");
    assert.equal((await cli.run("point", "extract", namespace, "volumes/files/dir/file")).stdout, "hello\n");

    const empty = await restoredVolumes(world, namespace, "--to-namespace", world.other("empty"), "--objects-only");
    assert.deepEqual(
      empty.findings.map(({ code }) => code),
      ["volume_empty"],
    );
    assert.equal(await sh(`${namespace}-empty`, "deployment/web", "ls /data"), "");
  },
);
