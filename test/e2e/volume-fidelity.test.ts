/** Nothing of a file is lost on the way through movers: what a volume comes back with is what it had, whoever brings it back. */
import assert from "node:assert/strict";
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Machine } from "../../dev/cluster/machine.ts";
import { poolDir } from "../../dev/cluster/pools.ts";
import { stateDir } from "../../dev/cluster/spec.ts";
import { describeTree } from "../support/file-tree.ts";
import { succeeded } from "../support/location.ts";
import { claim } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { ALLOCATED, DESCRIBE, MAKE, program } from "../support/node-program.ts";
import { resticRestore, volumeHandles, volumeWorld } from "../support/volume-backups.ts";

/** Of a file that has holes: 300,000 bytes of data in 40 MB. */
const MOST_BYTES = 400_000;

/** The folder of the only volume, as this computer sees it. */
async function hostFolder({ name, handles }: { readonly name: string; readonly handles: readonly string[] }): Promise<string> {
  const machine = await Machine.find(stateDir(name));
  const [handle] = handles;
  assert.ok(machine !== undefined && handle !== undefined && handles.length === 1);
  return `/proc/${machine.pid}/root${poolDir(name, "zone-a")}/holdfast-dev/btrfs.csi.holdfast.dev/volumes/${handle}/data`;
}

function withoutRoot(described: string): Record<string, unknown> {
  const { root: _, ...entries } = JSON.parse(described) as Record<string, unknown>;
  return entries;
}

/** As DESCRIBE prints it. */
function onHost(folder: string): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(describeTree(folder), (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
  ) as Record<string, unknown>;
}

test(
  "a volume with all that files can have comes back the same by a restore and by restic, and is stored as on the host",
  { skip: SKIP_WITHOUT_CLUSTER },
  async (t: TestContext) => {
    const world = await volumeWorld(t);
    const { cluster, cli, location, holdfastNamespace } = world;
    const { namespace } = cluster;
    const onVolume = { cluster, image: await cluster.image("holdfast") };
    await cluster.apply(claim("data"));
    await program(onVolume, "make", MAKE, { claim: "data" });
    const wanted = await program(onVolume, "describe", DESCRIBE, { claim: "data" });
    const [sparse = 0, zeros = 0] = (await program(onVolume, "allocated", ALLOCATED, { claim: "data" })).trim().split(" ").map(Number);
    assert.ok(sparse < MOST_BYTES && zeros > MOST_BYTES, `${sparse} and ${zeros} bytes`);
    // Completed pods would run once more.
    await cluster.kubectl("delete", "pods", "--all");
    const point = succeeded(await cli.run("backup", namespace, "-o", "json")).json() as {
      readonly snapshot: string;
      readonly path: string;
    };

    const restored = join(await resticRestore(t, world, point), "volumes/data");
    assert.deepEqual(onHost(restored), withoutRoot(wanted));
    const { uid, gid, mode } = lstatSync(restored);
    assert.deepEqual([uid, gid, mode & 0o7777], [999, 998, 0o2700]);

    const folder = await hostFolder({ name: cluster.name, handles: await volumeHandles(cluster) });
    const repository = ["--repository", join(location.url, point.path), "--password-file", location.keyFile];
    const host = succeeded(await cli.run("files", "backup", folder, ...repository, "-o", "json")).json() as { readonly snapshot: string };
    const both = [`${point.snapshot}:/volumes/data`, `${host.snapshot}:${folder}`];
    const diff = succeeded(await cli.run("files", "diff", ...both, "--metadata", ...repository));
    assert.match(diff.stdout, /^0 paths added, 0 paths removed, 0 paths changed\n/);

    await cluster.kubectl("delete", "namespace", namespace, "--wait", "--timeout=120s");
    succeeded(await cli.run("restore", point.path, "--volumes-only", "--holdfast-namespace", holdfastNamespace));
    assert.deepEqual(JSON.parse(await program(onVolume, "again", DESCRIBE, { claim: "data" })), JSON.parse(wanted));
    const [sparseAgain = 0, zerosAgain = 0] = (await program(onVolume, "allocated", ALLOCATED, { claim: "data" }))
      .trim()
      .split(" ")
      .map(Number);
    // Zeros that were written come back as a hole.
    assert.ok(sparseAgain < MOST_BYTES && zerosAgain < MOST_BYTES, `${sparseAgain} of ${sparse} and ${zerosAgain} of ${zeros} bytes`);
  },
);
