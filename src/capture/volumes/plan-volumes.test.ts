import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClaimFacts } from "./claim-facts.ts";
import { type DatabaseVolumes, type PlanOptions, planVolumes, type StorageFacts } from "./plan-volumes.ts";
import { boundClaim, classOf, storageOf, volumeOf } from "./testing/facts.ts";

const AUTO: PlanOptions = { choice: "auto", allowLive: false, snapshotClasses: [] };
const RUNNING = { name: "web", uid: "uid-web", node: "node-1", isRunning: true };
const NO_CLASSES = storageOf({ snapshotClasses: [] });

function database(dump: DatabaseVolumes["dump"], claim = "data"): DatabaseVolumes {
  return { blueprint: "postgresql", namespace: "shop", claims: [claim], dump };
}

interface Planned {
  readonly method: string;
  readonly problem?: string;
  readonly finding?: string;
}

function planned(
  claim: ClaimFacts,
  {
    storage = storageOf(),
    databases = [],
    ...options
  }: Partial<PlanOptions> & { storage?: StorageFacts; databases?: DatabaseVolumes[] } = {},
): Planned {
  const { volumes, problems, findings } = planVolumes([claim], storage, databases, { ...AUTO, ...options });
  const [problem] = problems;
  const [finding] = findings;
  return {
    method: volumes[0]?.method ?? "",
    ...(problem === undefined ? {} : { problem: problem.error.code }),
    ...(finding === undefined ? {} : { finding: finding.code }),
  };
}

test("a volume whose driver has a snapshot class is cut, also if nobody uses it", () => {
  assert.deepEqual(planned(boundClaim("data")), { method: "snapshot" });
  assert.deepEqual(planned(boundClaim("data", { mode: "Block", pods: [RUNNING] })), { method: "snapshot" });
});

test("a volume without snapshots is a problem, unless it may be read while it is in use or a dump stands for it", () => {
  const claim = boundClaim("data", { pods: [RUNNING] });
  const storage = NO_CLASSES;
  assert.deepEqual(planned(claim, { storage }), { method: "skip", problem: "volume_without_snapshots" });
  assert.deepEqual(planned(claim, { storage, allowLive: true }), { method: "live" });
  assert.deepEqual(planned(claim, { storage, choice: "snapshot", allowLive: true }), {
    method: "skip",
    problem: "volume_without_snapshots",
  });
  assert.deepEqual(planned(claim, { storage: storageOf({ hasSnapshots: false }) }), {
    method: "skip",
    problem: "volume_without_snapshots",
  });
  assert.deepEqual(planned(claim, { storage, databases: [database("without-snapshots")] }), { method: "stream" });
  assert.deepEqual(planned(claim, { databases: [database("without-snapshots")] }), { method: "snapshot" });
  assert.deepEqual(planned(claim, { databases: [database("always")] }), { method: "stream" });
  assert.deepEqual(planned(claim, { databases: [database("always")], choice: "snapshot" }), { method: "snapshot" });
});

test("what cannot be read while it is in use is a problem: of a database, a block volume, used by no pod, mounted nowhere", () => {
  const cases: readonly (readonly [Partial<ClaimFacts>, string])[] = [
    [{ mode: "Block", pods: [RUNNING] }, "live_block"],
    [{ pods: [] }, "live_unused"],
    [{ pods: [{ ...RUNNING, isRunning: false }] }, "live_unused"],
    [{ pods: [RUNNING], volume: volumeOf("data", { source: "hostPath", driver: undefined, handle: undefined }) }, "live_unsupported"],
  ];
  for (const [change, problem] of cases) {
    assert.deepEqual(planned(boundClaim("data", change), { choice: "live" }), { method: "skip", problem }, problem);
  }
  const used = boundClaim("data", { pods: [RUNNING] });
  assert.deepEqual(planned(used, { choice: "live", databases: [database("never")] }), { method: "skip", problem: "live_database" });
  assert.deepEqual(planned(used, { choice: "live", databases: [database("never", "other")] }), { method: "live" });
});

test("a claim that never had a volume, or is going, is left out with a word; one that has lost its volume is a problem", () => {
  assert.deepEqual(planned(boundClaim("data", { phase: "Pending", volume: undefined })), { method: "skip", finding: "volume_pending" });
  assert.deepEqual(planned(boundClaim("data", { isDeleted: true })), { method: "skip", finding: "volume_deleted" });
  assert.deepEqual(planned(boundClaim("data", { isDeleted: true, pods: [RUNNING] })), { method: "snapshot" });
  assert.deepEqual(planned(boundClaim("data", { phase: "Lost" })), { method: "skip", problem: "claim_lost" });
  assert.deepEqual(planned(boundClaim("data"), { choice: "skip" }), { method: "skip", finding: "volume_skipped" });
});

test("of several snapshot classes the default counts, or the one that a person names; nothing is guessed", () => {
  const classOfVolume = (storage: StorageFacts, named: readonly string[] = []): string | undefined => {
    const [volume] = planVolumes([boundClaim("data")], storage, [], { ...AUTO, snapshotClasses: named }).volumes;
    return volume?.method === "snapshot" ? volume.snapshotClass.name : undefined;
  };
  const two = storageOf({ snapshotClasses: [classOf("a"), classOf("b"), classOf("of-others", { driver: "other" })] });
  assert.deepEqual(planned(boundClaim("data"), { storage: two }), { method: "skip", problem: "snapshot_class_ambiguous" });
  assert.equal(classOfVolume(two, ["b"]), "b");
  assert.equal(classOfVolume(storageOf({ snapshotClasses: [classOf("a"), classOf("b", { isDefault: true })] })), "b");
  const defaults = storageOf({ snapshotClasses: [classOf("a", { isDefault: true }), classOf("b", { isDefault: true })] });
  assert.deepEqual(planned(boundClaim("data"), { storage: defaults }), { method: "skip", problem: "snapshot_class_ambiguous" });
});

test("storage with credentials in the namespace of the claim needs them in Holdfast's, and has snapshot classes of its own", () => {
  const storage = storageOf({
    snapshotClasses: [classOf("cuts", { isDefault: true }), classOf("cuts-tenant", { tenantSecret: "tenant" })],
    storageClasses: [
      { name: "disks", provisioner: "disks.example.com", waitsForPod: false, tenantSecret: undefined },
      { name: "disks-tenant", provisioner: "disks.example.com", waitsForPod: false, tenantSecret: "tenant" },
    ],
  });
  const claim = boundClaim("data", { storageClass: "disks-tenant" });
  assert.deepEqual(planned(claim, { storage }), { method: "skip", problem: "storage_class_of_tenant" });
  const [volume] = planVolumes([claim], { ...storage, secrets: new Set(["tenant"]) }, [], AUTO).volumes;
  assert.ok(volume?.method === "snapshot");
  assert.deepEqual([volume.snapshotClass.name, volume.storageClass.name], ["cuts-tenant", "disks-tenant"]);
});

test("a volume without a storage class, as a person makes them, is copied with a class of its driver", () => {
  const [volume] = planVolumes([boundClaim("data", { storageClass: undefined })], storageOf(), [], AUTO).volumes;
  assert.ok(volume?.method === "snapshot");
  assert.equal(volume.storageClass.name, "disks");
  const none = storageOf({ storageClasses: [] });
  assert.deepEqual(planned(boundClaim("data"), { storage: none }), { method: "skip", problem: "storage_class_missing" });
});
