/** A backup whose coordinator and movers are killed, and whose locks are taken away, goes on from what is stored, also if restic has pruned meanwhile. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { resticBinary } from "../../dev/peers/restic.ts";
import { startCommand, untilTrue } from "../support/fault-world.ts";
import { listedPoints, succeeded } from "../support/location.ts";
import { claim } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { type Restic, resticOn } from "../support/restic.ts";
import { idle, volumeWorld } from "../support/volume-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const FILES = 40;
const FILE_MB = 4;
/** So many packs of 16 MiB are stored when all is killed: some, and not all. */
const SOME_PACKS = 3;
const WRITE = `cd /data && n=0; while [ $n -lt ${FILES} ]; do n=$((n+1)); dd if=/dev/urandom of=file$n bs=1M count=${FILE_MB} 2>/dev/null; done; sync`;

test("a backup that was killed, and whose packs restic has pruned, is done again and is whole", { skip }, async (t) => {
  const world = await volumeWorld(t);
  const { cluster, cli, namespace, holdfast, sh, shell, variables, location } = world;
  await cluster.apply(claim("files"), idle("web", { image: shell, mounts: { "/data": "files" } }));
  await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=120s");
  succeeded(await cli.run("backup", namespace));
  const [first] = await listedPoints(cli);
  assert.ok(first !== undefined);
  const folder = join(location.url, first.path);
  const restic = await openRestic(folder, first.path);
  await sh(namespace, "deployment/web", WRITE);
  const sums = await sh(namespace, "deployment/web", "cd /data && sha256sum file*");

  const env = { PATH: process.env["PATH"] ?? "", HOME: cli.folder, TZ: "UTC", ...variables };
  const before = await packsIn(folder);
  for (const isPruned of [false, true]) {
    const command = startCommand(["backup", namespace], env);
    await untilTrue(async () => (await packsIn(folder)) - before >= SOME_PACKS || !command.isRunning(), "some is stored");
    assert.ok(command.isRunning(), "it was faster");
    command.kill();
    await command.ended;
    // As if the nodes were gone, too.
    await cluster.kubectl("delete", "leases,jobs", "--all", `--namespace=${holdfast}`, "--cascade=background");
    await cluster.kubectl("delete", "pods", "--all", `--namespace=${holdfast}`, "--force", "--grace-period=0");
    await restic.run("unlock", "--remove-all");
    if (isPruned) {
      await restic.run("prune", "--max-unused", "0");
      assert.ok((await packsIn(folder)) <= before, "nothing of the killed runs is left");
    }
    assert.equal((await listedPoints(cli)).length, 1, "no half point is listed");
  }
  succeeded(await cli.run("backup", namespace));
  const points = await listedPoints(cli);
  assert.deepEqual(
    points.map(({ isPartial }) => isPartial),
    [false, false],
  );
  await restic.run("check", "--read-data");
  const target = join(cli.folder, "restored");
  await restic.run("restore", "latest", "--target", target, "--include", "/volumes/files");
  const restored = await cli.shell(`cd ${target}/volumes/files && sha256sum file*`);
  assert.equal(succeeded(restored).stdout, sums);

  async function openRestic(repository: string, path: string): Promise<Restic> {
    const file = join(cli.folder, "restic.password");
    const access = ["--repository", join(location.url, path), "--password-file", location.keyFile, "--password-out", file];
    succeeded(await cli.run("repository", "access", ...access));
    return resticOn({ program: await resticBinary(), repository, password: (await readFile(file, "utf8")).trim(), signal: t.signal });
  }
});

async function packsIn(folder: string): Promise<number> {
  const names = await readdir(join(folder, "data"), { recursive: true }).catch(() => []);
  return names.filter((name) => /^[0-9a-f]{2}\/[0-9a-f]{64}$/.test(name)).length;
}
