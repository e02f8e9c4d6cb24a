import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { textIn } from "../../src/kube/json.ts";
import { PROGRAM } from "../support/cli.ts";
import { succeeded } from "../support/location.ts";
import { claim } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { idle, listing, objectsIn, restoredVolumes, volumeWorld } from "../support/volume-world.ts";

const PAST = "2020-01-01T00:00:00.000000Z";

test(
  "a restore that is killed while it fills a volume binds nothing, is repeated, and leaves nothing",
  { skip: SKIP_WITHOUT_CLUSTER, timeout: 480_000 },
  async (t) => {
    const world = await volumeWorld(t);
    const { cluster, cli, namespace, holdfast, sh, variables } = world;
    await cluster.apply(claim("files", { size: "128Mi" }), idle("web", { image: world.shell, mounts: { "/data": "files" } }));
    await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    await sh(namespace, "deployment/web", "dd if=/dev/urandom of=/data/large bs=1M count=40 2>/dev/null; echo small > /data/small; sync");
    const before = await sh(namespace, "deployment/web", listing("/data"));
    succeeded(await cli.run("backup", namespace));

    const copy = world.other("copy");
    const env = { PATH: process.env["PATH"] ?? "", HOME: cli.folder, ...variables };
    const killed = spawn(PROGRAM, ["restore", namespace, "--to-namespace", copy], { env, stdio: "ignore", detached: true });
    const ended = once(killed, "exit");
    // Those of the backup are still on their way out.
    const isFilling = async (): Promise<boolean> => {
      if (killed.exitCode !== null) assert.fail("it ended by itself");
      const claims = await objectsIn(cluster, holdfast, "persistentvolumeclaims");
      return claims.some(({ metadata }) => (textIn(metadata, "name") ?? "").startsWith("fill-"));
    };
    while (!(await isFilling())) await sleep(100, undefined, { signal: t.signal });
    process.kill(-(killed.pid ?? 0), "SIGKILL");
    await ended;
    const [waiting] = await objectsIn(cluster, copy, "persistentvolumeclaims");
    assert.equal((waiting?.["status"] as { phase?: string } | undefined)?.phase, "Pending");
    assert.deepEqual(await objectsIn(cluster, copy, "deployments"), [], "nothing runs without its data");

    // As it will be after three minutes.
    const lease = JSON.stringify({ spec: { renewTime: PAST } });
    for (const name of (await cluster.kubectl("get", "leases", `--namespace=${holdfast}`, "--output=name"))
      .split("\n")
      .filter((line) => line !== "")) {
      await cluster.kubectl("patch", name, `--namespace=${holdfast}`, "--type=merge", "--patch", lease);
    }
    const result = await restoredVolumes(world, namespace, "--to-namespace", copy);
    assert.deepEqual([result.failed, result.notFilled, result.notReady], [0, 0, 0], JSON.stringify(result.findings));
    assert.deepEqual(
      result.volumes.map(({ claim: name }) => name),
      ["files"],
    );
    assert.equal(await sh(copy, "deployment/web", listing("/data")), before);
    for (const kind of ["persistentvolumeclaims", "jobs", "leases"]) {
      while ((await objectsIn(cluster, holdfast, kind)).length > 0) await sleep(200, undefined, { signal: t.signal });
    }
    const again = await restoredVolumes(world, namespace, "--to-namespace", copy);
    assert.deepEqual([again.created, again.volumes], [0, []]);
  },
);
