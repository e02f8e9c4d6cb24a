/** What a run that was killed leaves at any point, and who removes it: objects and what they stand for on the storage. */
import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { Machine } from "../../dev/cluster/machine.ts";
import { poolDir } from "../../dev/cluster/pools.ts";
import { stateDir } from "../../dev/cluster/spec.ts";
import { systemClock } from "../../src/base/clock.ts";
import { UlidSource } from "../../src/base/ids.ts";
import { microTime } from "../../src/run/lease.ts";
import { GROUP_LABEL, KEEP_ANNOTATION, RECLAIM_POLICY_ANNOTATION, RUN_LABEL } from "../../src/run/marks.ts";
import { openRun } from "../../src/run/open-run.ts";
import { openCli } from "../support/cli.ts";
import { environment } from "../support/environment.ts";
import { openKube } from "../support/kube.ts";
import { succeeded } from "../support/location.ts";
import { claim, groupSnapshot, snapshot } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import type { TestCluster } from "../support/test-cluster.ts";

const options = { skip: SKIP_WITHOUT_CLUSTER };
const DRIVER = "btrfs.csi.holdfast.dev";
const MINUTES_10 = 600_000;

interface World {
  readonly tenant: TestCluster;
  /** Its namespace is Holdfast's. */
  readonly own: TestCluster;
  /** In small letters, of a run that died ten minutes ago. */
  readonly dead: string;
  readonly owner: object;
}

async function openWorld(t: TestContext): Promise<World> {
  const [tenant, own] = [await environment(t).cluster(), await environment(t).cluster()];
  const dead = await lease(own, systemClock.now() - MINUTES_10);
  const uid = await own.field(`lease/run-${dead}`, ".metadata.uid");
  return { tenant, own, dead, owner: { apiVersion: "coordination.k8s.io/v1", kind: "Lease", name: `run-${dead}`, uid } };
}

async function lease(own: TestCluster, renewedMs: number): Promise<string> {
  const id = new UlidSource(systemClock).next().toLowerCase();
  const time = microTime(renewedMs);
  const spec = { holderIdentity: "dead", leaseDurationSeconds: 60, acquireTime: time, renewTime: time };
  const metadata = { name: `run-${id}`, labels: { [RUN_LABEL]: id } };
  await own.apply({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec });
  return id;
}

/** A snapshot of a claim, labelled as a run does it. */
async function cut(tenant: TestCluster, name: string, labels: object): Promise<{ readonly content: string; readonly handle: string }> {
  const made = snapshot(name, "data") as { readonly metadata: object };
  await tenant.apply({ ...made, metadata: { ...made.metadata, labels } });
  await tenant.waitFor(`volumesnapshot/${name}`, "jsonpath={.status.readyToUse}=true");
  const content = await tenant.field(`volumesnapshot/${name}`, ".status.boundVolumeSnapshotContentName");
  return { content, handle: await tenant.field(`volumesnapshotcontent/${content}`, ".status.snapshotHandle") };
}

async function retain({ tenant, dead }: World, content: string): Promise<void> {
  const patch = { metadata: { labels: { [RUN_LABEL]: dead } }, spec: { deletionPolicy: "Retain" } };
  await tenant.kubectl("patch", "volumesnapshotcontent", content, "--type=merge", `--patch=${JSON.stringify(patch)}`);
}

/** As the second step of a handover does. */
async function importTo(
  { own, dead, owner }: World,
  name: string,
  handle: string,
  metadata: object = { ownerReferences: [owner] },
): Promise<void> {
  const labels = { [RUN_LABEL]: dead };
  const { ownerReferences: _, ...ofContent } = metadata as { readonly ownerReferences?: object };
  const volumeSnapshotRef = { namespace: own.namespace, name };
  await own.apply(
    {
      apiVersion: "snapshot.storage.k8s.io/v1",
      kind: "VolumeSnapshotContent",
      metadata: { ...ofContent, name: `${own.namespace}-${name}`, labels },
      spec: {
        deletionPolicy: "Delete",
        driver: DRIVER,
        source: { snapshotHandle: handle },
        volumeSnapshotClassName: "btrfs",
        volumeSnapshotRef,
      },
    },
    {
      apiVersion: "snapshot.storage.k8s.io/v1",
      kind: "VolumeSnapshot",
      metadata: { ...metadata, name, labels },
      spec: { volumeSnapshotClassName: "btrfs", source: { volumeSnapshotContentName: `${own.namespace}-${name}` } },
    },
  );
  await own.waitFor(`volumesnapshot/${name}`, "jsonpath={.status.readyToUse}=true");
}

async function isStored({ tenant }: World, handle: string): Promise<boolean> {
  const machine = await Machine.find(stateDir(tenant.name));
  assert.ok(machine !== undefined);
  const found = await Promise.all(
    ["zone-a", "zone-b"].map((zone) =>
      machine.succeeds("find", [`${poolDir(tenant.name, zone)}/holdfast-dev/${DRIVER}/snapshots/${handle}`]),
    ),
  );
  return found.includes(true);
}

async function gone(cluster: TestCluster, object: string): Promise<void> {
  await cluster.kubectl("wait", object, "--for=delete", "--timeout=60s");
}

interface CollectedJson {
  readonly leftovers: readonly { readonly kind: string; readonly name: string; readonly action: string }[];
}

// They wait for pods and volumes most of the time.
suite("leftovers", { concurrency: true }, () => {
  test("what a killed run has left goes, whatever it was at, and nothing else does", options, async (t) => {
    const world = await openWorld(t);
    const { tenant, own, dead } = world;
    await tenant.apply(claim("data", { labels: { [GROUP_LABEL]: dead } }));
    const marked = { [RUN_LABEL]: dead };
    const alive = await lease(own, systemClock.now());

    const justCut = await cut(tenant, "just-cut", marked);
    const retained = await cut(tenant, "retained", marked);
    await retain(world, retained.content);
    const orphan = await cut(tenant, "orphan", marked);
    await retain(world, orphan.content);
    await tenant.kubectl("delete", "volumesnapshot", "orphan");
    const imported = await cut(tenant, "imported", marked);
    await retain(world, imported.content);
    await importTo(world, "imported", imported.handle);
    const kept = await cut(tenant, "kept", marked);
    await retain(world, kept.content);
    await importTo(world, "kept", kept.handle, { annotations: { [KEEP_ANNOTATION]: "true" } });
    const ofOthers = [await cut(tenant, "of-nobody", {}), await cut(tenant, "of-the-living", { [RUN_LABEL]: alive })];

    const { run } = await openCli(t, { KUBECONFIG: own.kubeconfig, HOLDFAST_NAMESPACE: own.namespace });
    const collect = async (...args: readonly string[]): Promise<CollectedJson> =>
      succeeded(await run("gc", "-o", "json", ...args)).json() as CollectedJson;
    const planned = await collect("--dry-run");
    assert.equal(await tenant.field("persistentvolumeclaim/data", `.metadata.labels.holdfast\\.dev/group`), dead);
    const { leftovers } = await collect();
    const ours = ({ leftovers: all }: CollectedJson): readonly string[] =>
      all.map(({ kind, name, action }) => `${action} ${kind} ${name}`).toSorted();
    assert.deepEqual(ours({ leftovers }), ours(planned));

    for (const { content } of [justCut, retained, orphan, imported, kept]) await gone(tenant, `volumesnapshotcontent/${content}`);
    await gone(tenant, `volumesnapshotcontent/${own.namespace}-imported`);
    for (const name of ["just-cut", "retained", "imported", "kept"]) await gone(tenant, `volumesnapshot/${name}`);
    await gone(own, "volumesnapshot/imported");
    await gone(own, `lease/run-${dead}`);
    for (const { handle } of [justCut, retained, orphan, imported]) assert.equal(await isStored(world, handle), false, handle);
    for (const { handle } of [kept, ...ofOthers]) assert.equal(await isStored(world, handle), true, handle);
    await own.field("volumesnapshot/kept", ".metadata.uid");
    await own.field(`lease/run-${alive}`, ".metadata.uid");
    assert.equal(await tenant.field("persistentvolumeclaim/data", `.metadata.labels.holdfast\\.dev/group`), "");
    await tenant.kubectl("delete", "volumesnapshots", "--all", "--wait=false");
    await own.kubectl("annotate", "volumesnapshot/kept", `volumesnapshotcontent/${own.namespace}-kept`, `${KEEP_ANNOTATION}-`);
    // Its Lease is gone, so the mark alone says whose it was.
    await collect();
    await gone(own, `volumesnapshotcontent/${own.namespace}-kept`);
    assert.equal(await isStored(world, kept.handle), false);
  });

  test("a group of snapshots that a killed run has cut goes as a whole, retained or not", options, async (t) => {
    const world = await openWorld(t);
    const { tenant, own, dead } = world;
    await tenant.apply(claim("a", { labels: { group: "pair" } }), claim("b", { labels: { group: "pair" } }));
    const handles: string[] = [];
    const contents: string[] = [];
    for (const [name, isRetained] of [
      ["cut", false],
      ["retained", true],
    ] as const) {
      const made = groupSnapshot(name, { group: "pair" }) as { readonly metadata: object };
      await tenant.apply({ ...made, metadata: { ...made.metadata, labels: { [RUN_LABEL]: dead } } });
      await tenant.waitFor(`volumegroupsnapshot/${name}`, "jsonpath={.status.readyToUse}=true");
      const content = await tenant.field(`volumegroupsnapshot/${name}`, ".status.boundVolumeGroupSnapshotContentName");
      const patch = { metadata: { labels: { [RUN_LABEL]: dead } }, spec: { deletionPolicy: "Retain" } };
      if (isRetained)
        await tenant.kubectl("patch", "volumegroupsnapshotcontent", content, "--type=merge", `--patch=${JSON.stringify(patch)}`);
      contents.push(content);
    }
    const members = JSON.parse(await tenant.kubectl("get", "volumesnapshots", "--output=json")) as {
      readonly items: readonly { readonly metadata: { readonly name: string } }[];
    };
    assert.equal(members.items.length, 4);
    for (const { metadata } of members.items) {
      await tenant.waitFor(`volumesnapshot/${metadata.name}`, "jsonpath={.status.readyToUse}=true");
      const content = await tenant.field(`volumesnapshot/${metadata.name}`, ".status.boundVolumeSnapshotContentName");
      handles.push(await tenant.field(`volumesnapshotcontent/${content}`, ".status.snapshotHandle"));
    }
    const { run } = await openCli(t, { KUBECONFIG: own.kubeconfig, HOLDFAST_NAMESPACE: own.namespace });
    succeeded(await run("gc"));
    for (const content of contents) await gone(tenant, `volumegroupsnapshotcontent/${content}`);
    await tenant.kubectl("wait", "volumesnapshots", "--all", "--for=delete", "--timeout=60s");
    for (const handle of handles) assert.equal(await isStored(world, handle), false, handle);
  });

  test("a volume that a killed run was filling goes, and one that an application has got keeps its own policy", options, async (t) => {
    const world = await openWorld(t);
    const { tenant, own, dead, owner } = world;
    const prime = claim("prime") as { readonly metadata: object };
    await own.apply({ ...prime, metadata: { ...prime.metadata, labels: { [RUN_LABEL]: dead }, ownerReferences: [owner] } });
    await tenant.apply(claim("data"));
    const volumes: string[] = [];
    for (const [cluster, name] of [
      [own, "prime"],
      [tenant, "data"],
    ] as const) {
      await cluster.waitFor(`persistentvolumeclaim/${name}`, "jsonpath={.status.phase}=Bound");
      const volume = await cluster.field(`persistentvolumeclaim/${name}`, ".spec.volumeName");
      const metadata = { labels: { [RUN_LABEL]: dead }, annotations: { [RECLAIM_POLICY_ANNOTATION]: "Delete" } };
      const patch = { metadata, spec: { persistentVolumeReclaimPolicy: "Retain" } };
      await cluster.kubectl("patch", "persistentvolume", volume, "--type=merge", `--patch=${JSON.stringify(patch)}`);
      volumes.push(volume);
    }
    const [ofPrime, ofData] = volumes;
    const api = await openKube(t, own.kubeconfig);
    const { namespace } = own;
    // Whoever begins a run next cleans up.
    const run = await openRun(api, {
      kind: "restore",
      namespace,
      unit: "shop",
      clock: systemClock,
      report: () => undefined,
      signal: t.signal,
    });
    await gone(own, `persistentvolume/${ofPrime}`);
    assert.equal(await tenant.field(`persistentvolume/${ofData}`, ".spec.persistentVolumeReclaimPolicy"), "Delete");
    assert.equal(await tenant.field(`persistentvolume/${ofData}`, ".metadata.labels"), "");
    await own.field(`lease/run-${run.id.toLowerCase()}`, ".metadata.uid");
    await run[Symbol.asyncDispose]();
    await gone(own, `lease/run-${run.id.toLowerCase()}`);
  });

  test("a run whose Lease is taken or deleted stops, and says so", options, async (t) => {
    const own = await environment(t).cluster();
    const api = await openKube(t, own.kubeconfig);
    const { namespace } = own;
    const open = async (): ReturnType<typeof openRun> =>
      openRun(api, { kind: "backup", namespace, unit: "shop", clock: systemClock, report: () => undefined, signal: t.signal });
    const [taken, deleted] = [await open(), await open()];
    const patch = `--patch=${JSON.stringify({ spec: { holderIdentity: "holdfast-gc" } })}`;
    await own.kubectl("patch", "lease", `run-${taken.id.toLowerCase()}`, "--type=merge", patch);
    await own.kubectl("delete", "lease", `run-${deleted.id.toLowerCase()}`);
    for (const { signal } of [taken, deleted]) {
      if (!signal.aborted) await new Promise((settle) => signal.addEventListener("abort", settle, { once: true }));
      assert.equal((signal.reason as { readonly code?: string }).code, "run_lost");
    }
    await Promise.all([taken, deleted].map((run) => run[Symbol.asyncDispose]()));
  });
});
