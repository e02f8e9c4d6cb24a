import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { succeeded } from "../support/location.ts";
import { claim, IDLE, pod } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { assertNothingLeft, backUpVolumes, consistencies, resticRestore, volumeHandles, volumeWorld } from "../support/volume-backups.ts";

const skip = SKIP_WITHOUT_CLUSTER;

test(
  "a point has the volumes of an application, files and block, as restic restores them; a second one stores almost nothing",
  { skip },
  async (t) => {
    const world = await volumeWorld(t);
    const { cluster, cli } = world;
    const image = await cluster.image("shell");
    await cluster.apply(claim("data"), claim("raw", { block: true, size: "16Mi" }), claim("unused"));
    await cluster.apply(pod("web", { image, command: IDLE, mounts: { "/data": "data" }, devices: { "/dev/raw": "raw" } }));
    await cluster.waitFor("pod/web", "condition=Ready");
    await cluster.exec(
      "web",
      "sh",
      "-c",
      "mkdir /data/d && echo hello > /data/d/a && ln /data/d/a /data/d/b && chown 999:998 /data && chmod 700 /data && dd if=/dev/urandom of=/data/big bs=1M count=20 && dd if=/dev/urandom of=/dev/raw bs=1M count=8 && sync",
    );
    const sums = (await cluster.exec("web", "sh", "-c", "sha256sum < /data/big; sha256sum < /dev/raw"))
      .trim()
      .split("\n")
      .map((line) => line.slice(0, 64));

    const plan = succeeded(await cli.run("backup", cluster.namespace, "--dry-run"));
    assert.match(plan.stdout, /a VolumeGroupSnapshot in namespace \S+, with a VolumeSnapshot each for data, raw, unused/);
    assert.equal(await cluster.kubectl("get", "volumesnapshots", "--output=name"), "");

    const first = await backUpVolumes(world);
    assert.deepEqual(consistencies(first), { data: "group", raw: "group", unused: "group" });
    assert.equal(new Set(first.volumes.map(({ data }) => data?.group)).size, 1);
    assert.deepEqual(first.findings, []);
    const second = await backUpVolumes(world);
    assert.ok(second.bytesStored < 64 * 1024, `${second.bytesStored} bytes`);
    const shown = succeeded(await cli.run("point", "show", second.point));
    assert.match(shown.stdout, /\/data +snapshot +group +256 MiB +20 MiB +volumes\/data\n/);

    const restored = join(await resticRestore(t, world, second), "volumes");
    const root = await stat(join(restored, "data"));
    assert.deepEqual([root.mode & 0o777, root.uid, root.gid], [0o700, 999, 998]);
    const [a, b] = await Promise.all(["a", "b"].map((name) => stat(join(restored, "data/d", name))));
    assert.equal(a?.ino, b?.ino);
    assert.equal(await readFile(join(restored, "data/d/a"), "utf8"), "hello\n");
    const shown256 = async (file: string): Promise<string> =>
      createHash("sha256")
        .update(await readFile(file))
        .digest("hex");
    assert.deepEqual(await Promise.all([shown256(join(restored, "data/big")), shown256(join(restored, "raw/image/000000/000000"))]), sums);
    await assertNothingLeft(world, await volumeHandles(cluster));
  },
);

test("snapshots are kept on the storage for so many points, and outlive the application's namespace", { skip }, async (t) => {
  const world = await volumeWorld(t);
  const { cluster, holdfastNamespace } = world;
  await cluster.apply(claim("data"));
  await cluster.waitFor("pvc/data", "jsonpath={.status.phase}=Bound");
  const kept = async (): Promise<readonly string[]> =>
    (await cluster.kubectl("get", "volumesnapshots", `--namespace=${holdfastNamespace}`, "--output=jsonpath={.items[*].metadata.name}"))
      .split(" ")
      .filter((name) => name !== "");
  const first = await backUpVolumes(world, "--keep-snapshots", "1");
  assert.deepEqual(await kept(), [first.volumes[0]?.data?.snapshot?.name]);
  const second = await backUpVolumes(world, "--keep-snapshots", "1");
  const name = second.volumes[0]?.data?.snapshot?.name;
  await cluster.kubectl(
    "wait",
    `volumesnapshot/${first.volumes[0]?.data?.snapshot?.name}`,
    `--namespace=${holdfastNamespace}`,
    "--for=delete",
    "--timeout=60s",
  );
  assert.deepEqual(await kept(), [name]);
  await cluster.kubectl("delete", "namespace", cluster.namespace, "--wait=true");
  const ready = ["--namespace", holdfastNamespace, "--output=jsonpath={.status.readyToUse}"];
  assert.equal(await cluster.kubectl("get", "volumesnapshot", name ?? "", ...ready), "true");
});
