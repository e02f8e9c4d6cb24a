/** A driver without room, and a location that falls silent in mid-transfer: clear words, nothing half, nothing left, and it can be done again. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { subnet } from "../../dev/cluster/spec.ts";
import { loadSpec } from "../../dev/cluster/store.ts";
import { createBucket } from "../../dev/s3/bucket.ts";
import { startS3Server } from "../../dev/s3/server.ts";
import { systemClock } from "../../src/base/clock.ts";
import { openCli } from "../support/cli.ts";
import { startCommand, untilTrue } from "../support/fault-world.ts";
import { assertNoLeftovers } from "../support/leftovers.ts";
import { listedPoints, succeeded } from "../support/location.ts";
import { claim } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { devCluster, ownClusterName } from "../support/own-cluster.ts";
import { startStoppingProxy } from "../support/stopping-proxy.ts";
import { TestCluster } from "../support/test-cluster.ts";
import { idle, type VolumeWorld, volumeWorld } from "../support/volume-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const FILES_MB = 96;
/** Of each zone's storage, which has 20 GiB. */
const MOST_OF_IT = "20100Mi";
const STOP_AFTER_BYTES = 20_000_000;
const SILENT_MS = 5_000;

async function ownWorld(t: TestContext): Promise<VolumeWorld> {
  const name = ownClusterName(t);
  succeeded(await devCluster("up", ["--name", name], t.signal));
  const world = await volumeWorld(t, await TestCluster.open(name, t.signal));
  await world.cluster.apply(claim("files"), idle("web", { image: world.shell, mounts: { "/data": "files" } }));
  await world.cluster.kubectl("rollout", "status", "deployment/web", "--timeout=120s");
  await world.sh(world.namespace, "deployment/web", `dd if=/dev/urandom of=/data/large bs=1M count=${FILES_MB} 2>/dev/null && sync`);
  return world;
}

test("storage without room and a location that falls silent end or hold up a backup, and leave nothing", { skip }, async (t) => {
  const world = await ownWorld(t);
  const { cluster, cli, namespace, holdfast, sh } = world;
  const nothingLeft = (when: string): Promise<void> => assertNoLeftovers(cluster, { holdfast, namespaces: [namespace] }, when);

  await t.test("a storage without room for a copy of a snapshot is named", async () => {
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

  await t.test("a location that falls silent in mid-transfer holds a backup up; one that is given up leaves nothing", async () => {
    const spec = await loadSpec(cluster.name);
    assert.ok(spec !== undefined);
    const { host } = subnet(spec);
    await using server = await startS3Server({ address: host });
    await createBucket(server, "volumes", { signal: t.signal });
    await using proxy = await startStoppingProxy(host, { host, port: Number(new URL(server.endpoint).port) });
    const keyFile = `${cli.folder}/bucket.key`;
    const variables = {
      ...world.variables,
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
      HOLDFAST_LOCATION: `s3://volumes/some/place?endpoint=http://${host}:${proxy.port}`,
    };
    const { HOLDFAST_PASSWORD: _key, ...withoutKey } = variables as Readonly<Record<string, string>>;
    const maker = await openCli(t, withoutKey);
    succeeded(await maker.run("location", "init", "--key-out", keyFile, "--no-check-storage"));
    const env = { PATH: process.env["PATH"] ?? "", HOME: cli.folder, TZ: "UTC", ...withoutKey };
    const args = ["backup", namespace, "--password-file", keyFile];
    const untilSilent = async (command: ReturnType<typeof startCommand>, from: number): Promise<void> => {
      await untilTrue(async () => proxy.sentBytes() - from > STOP_AFTER_BYTES || !command.isRunning(), "a part is transferred");
      proxy.stop();
      assert.ok(command.isRunning(), (await Promise.race([command.ended, Promise.resolve({ stderr: "" })])).stderr);
    };

    const given = startCommand(args, env);
    await untilSilent(given, proxy.sentBytes());
    given.kill("SIGINT");
    const startMs = systemClock.monotonicMs();
    const left = await given.ended;
    assert.equal(left.exitCode, 130, left.stderr);
    assert.ok(systemClock.monotonicMs() - startMs < 90_000);
    proxy.goOn();
    const points = async (): Promise<number> => (await listedPoints(maker, "--password-file", keyFile)).length;
    assert.equal(await points(), 0);
    await nothingLeft("by a backup that was given up");

    await sh(namespace, "deployment/web", `dd if=/dev/urandom of=/data/large bs=1M count=${FILES_MB} 2>/dev/null && sync`);
    const held = startCommand(args, env);
    await untilSilent(held, proxy.sentBytes());
    await systemClock.sleep(SILENT_MS);
    proxy.goOn();
    const { exitCode, stderr } = await held.ended;
    assert.equal(exitCode, 0, stderr);
    assert.equal(await points(), 1);
    await nothingLeft("by a backup that was held up");
  });
});
