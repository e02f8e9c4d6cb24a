/** A location that falls silent in mid-transfer: a backup is held up, or given up in bounded time, and leaves nothing half. */
import assert from "node:assert/strict";
import { test } from "node:test";
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
import { idle, volumeWorld } from "../support/volume-world.ts";

const FILES_MB = 96;
const STOP_AFTER_BYTES = 20_000_000;
const SILENT_MS = 5_000;
/** What clean-up may take in all where no answer comes: the lock, the record. */
const GIVEN_UP_MS = 120_000;

test(
  "a location that falls silent in mid-transfer holds a backup up; one that is given up ends, and leaves nothing",
  { skip: SKIP_WITHOUT_CLUSTER },
  async (t) => {
    const name = ownClusterName(t);
    succeeded(await devCluster("up", ["--name", name], t.signal));
    const world = await volumeWorld(t, await TestCluster.open(name, t.signal));
    const { cluster, namespace, holdfast, sh, cli } = world;
    const nothingLeft = (when: string): Promise<void> => assertNoLeftovers(cluster, { holdfast, namespaces: [namespace] }, when);
    await cluster.apply(claim("files"), idle("web", { image: world.shell, mounts: { "/data": "files" } }));
    await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    const write = (): Promise<string> =>
      sh(namespace, "deployment/web", `dd if=/dev/urandom of=/data/large bs=1M count=${FILES_MB} 2>/dev/null && sync`);
    await write();

    const spec = await loadSpec(cluster.name);
    assert.ok(spec !== undefined);
    const { host } = subnet(spec);
    await using server = await startS3Server({ address: host });
    await createBucket(server, "volumes", { signal: t.signal });
    await using proxy = await startStoppingProxy(host, { host, port: Number(new URL(server.endpoint).port) });
    const keyFile = `${cli.folder}/bucket.key`;
    const { HOLDFAST_PASSWORD: _key, ...others } = world.variables;
    const variables = {
      ...others,
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
      HOLDFAST_LOCATION: `s3://volumes/some/place?endpoint=http://${host}:${proxy.port}`,
    };
    const maker = await openCli(t, variables);
    succeeded(await maker.run("location", "init", "--key-out", keyFile, "--no-check-storage"));
    const env = { PATH: process.env["PATH"] ?? "", HOME: cli.folder, TZ: "UTC", ...variables };
    const args = ["backup", namespace, "--password-file", keyFile];
    const untilSilent = async (command: ReturnType<typeof startCommand>, from: number): Promise<void> => {
      await untilTrue(async () => proxy.sentBytes() - from > STOP_AFTER_BYTES || !command.isRunning(), "a part is transferred");
      proxy.stop();
      assert.ok(command.isRunning(), (await Promise.race([command.ended, Promise.resolve({ stderr: "" })])).stderr);
    };
    const points = async (): Promise<number> => (await listedPoints(maker, "--password-file", keyFile)).length;

    const given = startCommand(args, env);
    await untilSilent(given, proxy.sentBytes());
    given.kill("SIGINT");
    const startMs = systemClock.monotonicMs();
    const left = await given.ended;
    assert.equal(left.exitCode, 130, left.stderr);
    assert.ok(systemClock.monotonicMs() - startMs < GIVEN_UP_MS);
    proxy.goOn();
    assert.equal(await points(), 0);
    await nothingLeft("by a backup that was given up");

    await write();
    const held = startCommand(args, env);
    await untilSilent(held, proxy.sentBytes());
    await systemClock.sleep(SILENT_MS);
    proxy.goOn();
    const { exitCode, stderr } = await held.ended;
    assert.equal(exitCode, 0, stderr);
    assert.equal(await points(), 1);
    await nothingLeft("by a backup that was held up");
  },
);
