/** Movers in a real cluster: what they carry, how they end, and what of them can be seen. */
import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { subnet } from "../../dev/cluster/spec.ts";
import { loadSpec } from "../../dev/cluster/store.ts";
import { createBucket } from "../../dev/s3/bucket.ts";
import { startS3Server } from "../../dev/s3/server.ts";
import { environment } from "../support/environment.ts";
import { listPages } from "../../src/kube/list.ts";
import { idOfObject } from "../../src/kube/object-id.ts";
import { deleteObject } from "../../src/kube/objects.ts";
import { probeLocation } from "../../src/mover/job/probe-location.ts";
import { openMovers } from "../../src/mover/job/open-movers.ts";
import type { MoverSuccess } from "../../src/mover/work.ts";
import { type MoverWorld, openMoverWorld } from "../support/movers.ts";
import { claim } from "../support/manifests.ts";
import { DESCRIBE, MAKE, program, TREE_PROGRAM } from "../support/node-program.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import type { TestCluster } from "../support/test-cluster.ts";

const PODS = { group: "", version: "v1", plural: "pods", kind: "Pod" } as const;
const options = { skip: SKIP_WITHOUT_CLUSTER };
/** At once: a mover carries a gigabyte while kubectl starts. */
async function killMovers({ api, namespace }: MoverWorld["run"]): Promise<void> {
  for await (const { items } of listPages(api, PODS, { namespace, labelSelector: "batch.kubernetes.io/job-name" })) {
    for (const pod of items) {
      const { name } = idOfObject(pod);
      await deleteObject(api, PODS, { namespace, name }, { propagation: "Background", gracePeriodSeconds: 0 });
    }
  }
}

async function uidOf(cluster: TestCluster, name: string): Promise<string> {
  return cluster.field(`persistentvolumeclaim/${name}`, ".metadata.uid");
}

interface BackUpOptions {
  readonly mode?: "Block" | "Filesystem";
  readonly onBytes?: (bytes: number) => void;
}

async function backUp(
  t: TestContext,
  { cluster, movers }: MoverWorld,
  name: string,
  { mode = "Filesystem", onBytes }: BackUpOptions = {},
): Promise<MoverSuccess> {
  const work = { kind: "back-up", mode, claimUid: await uidOf(cluster, name), parent: undefined } as const;
  const mount = { kind: "claim", claim: name, readOnly: true } as const;
  return movers.move({ work, volume: name, mount, progress: ({ doneBytes }) => onBytes?.(doneBytes) }, t.signal);
}

// They wait for pods and volumes most of the time.
suite("movers", { concurrency: true }, () => {
  test("what a mover carries is the same in another volume, to the attributes of its root folder", options, async (t) => {
    const world = await openMoverWorld(t);
    const { cluster, movers, findings, location } = world;
    await cluster.apply(claim("source"), claim("target"));
    await program(world, "make", MAKE, { claim: "source" });
    const wanted = await program(world, "describe-source", DESCRIBE, { claim: "source" });
    const { tree, root } = await backUp(t, world, "source");
    assert.ok(tree !== undefined);
    const mount = { kind: "claim", claim: "target", readOnly: false } as const;
    const filling = movers.move(
      { work: { kind: "fill", mode: "Filesystem", tree, root, verify: true }, volume: "target", mount },
      t.signal,
    );
    await cluster.kubectl("wait", "pod", "--selector=batch.kubernetes.io/job-name", "--for=create", "--timeout=60s");
    const seen = await Promise.all([
      ...["pods", "jobs", "secrets", "leases"].map((kind) => cluster.kubectl("describe", kind).catch(() => "gone meanwhile")),
      cluster.kubectl("get", "events,pods,jobs,leases", "--output=yaml"),
    ]);
    await filling;
    assert.ok(seen.some((text) => text.includes("work.json")));
    assert.ok(!seen.some((text) => text.includes(location.password)), "the password can be seen");
    assert.deepEqual(JSON.parse(await program(world, "describe-target", DESCRIBE, { claim: "target" })), JSON.parse(wanted));
    assert.deepEqual(findings, []);
    await world.run[Symbol.asyncDispose]();
    await cluster.kubectl("wait", "jobs,secrets", "--all", "--for=delete", "--timeout=60s");
  });

  test("a block volume comes back byte by byte", options, async (t) => {
    const world = await openMoverWorld(t);
    const { cluster, movers } = world;
    await cluster.apply(claim("disk", { block: true, size: "64Mi" }), claim("copy", { block: true, size: "64Mi" }));
    const write = `import { openSync, writeSync, fsyncSync } from "node:fs"; import { noise } from "${TREE_PROGRAM}";
    const fd = openSync("/dev/data", "r+"); writeSync(fd, noise(5_000_000, 1), 0, 5_000_000, 30_000_000); fsyncSync(fd);`;
    const digest = `import { createHash } from "node:crypto"; import { readFileSync } from "node:fs";
    console.log(createHash("sha256").update(readFileSync("/dev/data")).digest("hex"));`;
    await program(world, "write", write, { claim: "disk", block: true });
    const { tree } = await backUp(t, world, "disk", { mode: "Block" });
    assert.ok(tree !== undefined);
    const mount = { kind: "claim", claim: "copy", readOnly: false } as const;
    await movers.move({ work: { kind: "fill", mode: "Block", tree, verify: true }, volume: "copy", mount }, t.signal);
    const [disk, copy] = [
      await program(world, "read-disk", digest, { claim: "disk", block: true }),
      await program(world, "read-copy", digest, { claim: "copy", block: true }),
    ];
    assert.equal(copy, disk);
  });

  test("a mover whose pod is killed half way is begun anew, and ends right", options, async (t) => {
    const world = await openMoverWorld(t);
    const { cluster, movers, findings } = world;
    await cluster.apply(claim("source", { size: "2Gi" }), claim("target", { size: "2Gi" }));
    const write = `import { writeFileSync } from "node:fs"; import { noise } from "${TREE_PROGRAM}";
    for (let i = 0; i < 500; i++) writeFileSync("/data/file" + i, noise(2_000_000, i));`;
    await program(world, "write", write, { claim: "source" });
    const wanted = await program(world, "describe-source", DESCRIBE, { claim: "source" });
    const killOnce = (): ((bytes: number) => void) => {
      let isKilled = false;
      return (bytes) => {
        if (bytes === 0 || isKilled) return;
        isKilled = true;
        killMovers(world.run).catch(() => undefined);
      };
    };
    const { tree, root } = await backUp(t, world, "source", { onBytes: killOnce() });
    assert.ok(tree !== undefined);
    const mount = { kind: "claim", claim: "target", readOnly: false } as const;
    const kill = killOnce();
    const work = { kind: "fill", mode: "Filesystem", tree, root, verify: true } as const;
    await movers.move({ work, volume: "target", mount, progress: ({ doneBytes }) => kill(doneBytes) }, t.signal);
    assert.deepEqual(JSON.parse(await program(world, "describe-target", DESCRIBE, { claim: "target" })), JSON.parse(wanted));
    const codes = findings.map(({ code }) => code);
    assert.deepEqual(codes, ["mover_restarted", "mover_restarted"]);
  });

  test("a location that pods do not reach is told before anything is changed, and so is an image that is not there", options, async (t) => {
    const { run, image, location, movers, cluster } = await openMoverWorld(t);
    const { signal } = t;
    await probeLocation(movers, { location, writes: true, signal });
    const report = (): void => undefined;
    const elsewhere = { ...location, folder: `${location.folder}-elsewhere` };
    await assert.rejects(
      probeLocation(openMovers({ run, image, location: elsewhere, limit: 1, report }), { location, writes: true, signal }),
      {
        code: "location_unreachable",
        hint: "Use a bucket, or a folder that is mounted at the same path on all nodes",
      },
    );
    const other = { ...location, password: "wrong" };
    await assert.rejects(probeLocation(openMovers({ run, image, location: other, limit: 1, report }), { location, writes: true, signal }), {
      code: "location_unreachable",
    });
    const unpulled = openMovers({ run, image: "holdfast.dev/none:0", location, limit: 1, report });
    const task = { work: { kind: "probe", writes: false }, volume: "location", mount: undefined, startTimeoutMs: 20_000 } as const;
    await assert.rejects(unpulled.move(task, signal), { code: "mover_not_started", hint: /--mover-image/ });
    await cluster.kubectl("label", "namespace", cluster.namespace, "pod-security.kubernetes.io/enforce=baseline");
    // A folder of the node is more than this level lets pods have.
    await assert.rejects(movers.move(task, signal), { code: "mover_not_started", hint: /pod-security/ });
  });

  test("a mover is admitted where Pod Security enforces baseline, and reaches a bucket", options, async (t) => {
    const spec = await loadSpec((await environment(t).cluster()).name);
    assert.ok(spec !== undefined);
    await using server = await startS3Server({ address: subnet(spec).host });
    await createBucket(server, "volumes", { signal: t.signal });
    const { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY, endpoint } = server;
    const variables = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
    const world = await openMoverWorld(t, { url: `s3://volumes/some/place?endpoint=${endpoint}`, environment: variables });
    const { cluster, movers, location, findings } = world;
    await cluster.kubectl("label", "namespace", cluster.namespace, "pod-security.kubernetes.io/enforce=baseline");
    await cluster.apply(claim("source"));
    await program(world, "write", `import { writeFileSync } from "node:fs"; writeFileSync("/data/a", "a");`, { claim: "source" });
    await probeLocation(movers, { location, writes: true, signal: t.signal });
    const { files } = await backUp(t, world, "source");
    assert.equal(files, 1);
    assert.deepEqual(findings, []);
  });
});
