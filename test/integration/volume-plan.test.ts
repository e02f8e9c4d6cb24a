/** What a restore plans about volumes, against a server with the classes, claims and snapshots that a test gives it. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { DomainError } from "../../src/base/errors.ts";
import type { JsonObject } from "../../src/kube/json.ts";
import type { PointVolume } from "../../src/point/description.ts";
import type { PlanOptions } from "../../src/recover/plan/plan.ts";
import type { Prepare } from "../../src/recover/point-source.ts";
import { prepare } from "../../src/recover/prepare/prepare.ts";
import { targetOf } from "../../src/recover/prepare/target.ts";
import { noteOf } from "../../src/recover/volumes/planned-volume.ts";
import { planVolumes, type VolumePlan } from "../../src/recover/volumes/plan-volumes.ts";
import { pointOf } from "../support/live-point.ts";
import { failed, json, scriptedApi } from "../support/scripted-api.ts";

const CLAIM_RESOURCE = { group: "", version: "v1", plural: "persistentvolumeclaims", kind: "PersistentVolumeClaim" };
const CLASS_RESOURCE = { group: "storage.k8s.io", version: "v1", plural: "storageclasses", kind: "StorageClass" };
const GIB = 2 ** 30;

const volume: PointVolume = {
  namespace: "n",
  claim: "data",
  claimUid: "old",
  method: "snapshot",
  why: "",
  mode: "Filesystem",
  storageClass: "fast",
  driver: "csi.example.com",
  accessModes: ["ReadWriteOnce"],
  capacityBytes: GIB,
  data: { path: ["volumes", "data"], consistency: "crash", time: "2026-05-01T13:45:00Z", files: 3, bytes: 1000 },
};
const snapshot = { driver: "csi.example.com", handle: "h1", sizeBytes: GIB, namespace: "holdfast-system", name: "kept" };

function claim(spec: object = {}, status: object = {}): JsonObject {
  const resources = { requests: { storage: "1Gi" } };
  const whole = { accessModes: ["ReadWriteOnce"], volumeMode: "Filesystem", storageClassName: "fast", resources, ...spec };
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "data", namespace: "n", uid: "old" },
    spec: whole,
    status,
  } as JsonObject;
}

function storageClass(fields: object = {}): JsonObject {
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "fast" },
    provisioner: "csi.example.com",
    ...fields,
  };
}

const DRIVERS = ["csi.example.com", "other.example.com", "efs.csi.aws.com", "ebs.csi.aws.com"].map((name) => ({ metadata: { name } }));

interface World {
  readonly classes?: readonly JsonObject[];
  readonly live?: readonly JsonObject[];
  /** By path. */
  readonly objects?: Readonly<Record<string, JsonObject>>;
  readonly inPoint?: JsonObject;
  readonly volumes?: readonly PointVolume[];
  /** What the point brings beside the claim. */
  readonly brought?: readonly JsonObject[];
  readonly isSameCluster?: boolean;
}

async function plan(t: TestContext, world: World, options: Partial<PlanOptions> = {}): Promise<VolumePlan> {
  const {
    classes = [storageClass()],
    live = [],
    objects = {},
    inPoint = claim(),
    volumes = [volume],
    brought = [],
    isSameCluster = true,
  } = world;
  const { api } = await scriptedApi(t, [
    (response, request) => {
      const { pathname } = request.url;
      const lists: Readonly<Record<string, readonly JsonObject[]>> = {
        storageclasses: classes,
        persistentvolumeclaims: live,
        csidrivers: DRIVERS,
      };
      const list = lists[pathname.slice(pathname.lastIndexOf("/") + 1)];
      const object = objects[pathname];
      if (list !== undefined) json({ metadata: { resourceVersion: "1" }, items: list })(response, request);
      else if (object === undefined) failed(404, "NotFound")(response, request);
      else json(object)(response, request);
    },
  ]);
  const target = targetOf({ isSameCluster });
  const plain: Prepare = (object) => prepare(object, target);
  const source = pointOf([
    { resource: CLAIM_RESOURCE, object: inPoint },
    ...brought.map((object) => ({ resource: CLASS_RESOURCE, object })),
  ]);
  return planVolumes({
    api,
    source,
    description: { id: source.id as never, volumes },
    prepare: plain,
    options: { existing: "fail", dependencies: "keep", ...options },
    isSameCluster,
    namespace: "holdfast-system",
    signal: t.signal,
  });
}

async function refusal(t: TestContext, world: World, options: Partial<PlanOptions> = {}): Promise<string> {
  try {
    await plan(t, world, options);
  } catch (error) {
    assert.ok(error instanceof DomainError);
    assert.ok(error.hint !== undefined, "it says what to do");
    return `${error.kind}/${error.code}`;
  }
  return "none";
}

const codes = ({ findings }: VolumePlan): readonly string[] => findings.map(({ grade, code }) => `${grade}/${code}`);

test("a claim of which the point has data waits for its volume, and is planned with its size and where the data comes from", async (t) => {
  const planned = await plan(t, {});
  const [one] = planned.volumes.values();
  assert.ok(one !== undefined);
  assert.deepEqual(noteOf(one), { from: "repository", bytes: 1000, storageClass: "fast", size: "1Gi", mode: "Filesystem" });
  assert.deepEqual([one.isLate, one.isResumed, codes(planned)], [false, false, []]);
  const prepared = planned.prepare({ resource: CLAIM_RESOURCE, namespace: "n", name: "data", object: claim() });
  assert.ok(prepared.kind === "object");
  const { spec } = prepared.object as { spec: { dataSourceRef: unknown } };
  assert.deepEqual(spec.dataSourceRef, { apiGroup: "holdfast.dev", kind: "VolumeRestore", name: "01jtest0000000000000000000" });
});

test("a claim without data in the point gets an empty volume, and is told", async (t) => {
  const { data: _data, ...rest } = volume;
  for (const world of [{ volumes: [] }, { volumes: [{ ...rest, method: "skip" as const, why: "as was asked" }] }]) {
    const planned = await plan(t, world);
    assert.deepEqual([planned.volumes.size, codes(planned)], [0, ["info/volume_empty"]]);
  }
  const told = await plan(t, {}, { volumes: "none" });
  assert.deepEqual([told.volumes.size, codes(told)], [0, ["info/volume_empty"]]);
  const dumped = await plan(t, { volumes: [{ ...rest, method: "stream" }] });
  assert.deepEqual(codes(dumped), [], "a dump is loaded into it");
});

test("a claim that has a volume keeps it, and one that this point was being restored to is gone on with", async (t) => {
  const bound = claim({ volumeName: "pv" }, { phase: "Bound" });
  const kept = await plan(t, { live: [bound] });
  assert.deepEqual([kept.volumes.size, codes(kept)], [0, ["info/volume_kept"]]);
  const waiting = (name: string, spec: object = {}): JsonObject =>
    claim({ dataSourceRef: { apiGroup: "holdfast.dev", kind: "VolumeRestore", name }, ...spec });
  const resumed = await plan(t, { live: [waiting("01jtest0000000000000000000")] });
  assert.deepEqual(
    [...resumed.volumes.values()].map(({ isResumed }) => isResumed),
    [true],
  );
  const done = await plan(t, { live: [{ ...waiting("01jtest0000000000000000000", { volumeName: "pv" }), status: { phase: "Bound" } }] });
  assert.deepEqual([done.volumes.size, codes(done)], [0, []]);
  assert.equal(await refusal(t, { live: [waiting("01jother")] }), "conflict/volume_of_another_point");
});

test("the class may come along, or be the default", async (t) => {
  const brought = await plan(t, { classes: [], brought: [storageClass({ volumeBindingMode: "WaitForFirstConsumer" })] });
  assert.deepEqual(
    [...brought.volumes.values()].map(({ isLate }) => isLate),
    [true],
  );
  const { storageClassName: _name, ...spec } = claim()["spec"] as JsonObject;
  const inPoint = { ...claim(), spec };
  const usual = storageClass({ metadata: { name: "usual", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } } });
  const byDefault = await plan(t, { inPoint, classes: [storageClass(), usual] });
  assert.deepEqual(
    [...byDefault.volumes.values()].map(({ shape }) => shape.storageClass),
    ["usual"],
  );
  assert.equal(await refusal(t, { inPoint }), "conflict/volume_class_missing");
});

test("what the target cannot hold is refused before anything is changed", async (t) => {
  assert.equal(await refusal(t, { classes: [] }), "conflict/volume_class_missing");
  assert.equal(
    await refusal(t, { classes: [storageClass({ provisioner: "kubernetes.io/no-provisioner" })] }),
    "conflict/volume_class_static",
  );
  assert.equal(await refusal(t, { inPoint: claim({ storageClassName: "" }) }), "conflict/volume_class_static");
  const older = [storageClass({ provisioner: "rancher.io/local-path" })];
  assert.equal(await refusal(t, { classes: older }), "unsupported/volume_class_unguarded");
  const files = [storageClass({ provisioner: "efs.csi.aws.com" })];
  assert.equal(await refusal(t, { classes: files, inPoint: claim({ volumeMode: "Block" }) }), "unsupported/volume_mode");
  const disks = [storageClass({ provisioner: "ebs.csi.aws.com" })];
  const shared = claim({ accessModes: ["ReadWriteMany"] });
  assert.equal(await refusal(t, { classes: disks, inPoint: shared }), "unsupported/volume_access_mode");
  assert.equal(await refusal(t, { classes: disks, inPoint: shared }, { accessModes: { data: "ReadWriteOnce" } }), "none");
  assert.equal(await refusal(t, {}, { volumeSizes: { data: "500Mi" } }), "usage/volume_size");
  assert.equal(await refusal(t, {}, { volumeSizes: { date: "5Gi" } }), "usage/volume_option");
});

test("a volume is as large as the one was that it replaces, whatever the claim asked for, or larger if that is asked for", async (t) => {
  const size = async (world: World, options: Partial<PlanOptions> = {}): Promise<string | undefined> =>
    (await plan(t, world, options)).volumes.values().next().value?.shape.size;
  assert.equal(await size({ volumes: [{ ...volume, capacityBytes: 2 * GIB }] }), String(2 * GIB));
  assert.equal(await size({}, { volumeSizes: { data: "3Gi" } }), "3Gi");
});

test("data comes from the local snapshot where that is still the same and the class can read it, else from the repository, which is told", async (t) => {
  const kept = { ...volume, data: { ...volume.data, snapshot } } as PointVolume;
  const there = {
    "/apis/snapshot.storage.k8s.io/v1/namespaces/holdfast-system/volumesnapshots/kept": {
      status: { readyToUse: true, boundVolumeSnapshotContentName: "content" },
    },
    "/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents/content": { status: { snapshotHandle: "h1" } },
  };
  const origin = async (world: World): Promise<readonly unknown[]> => {
    const planned = await plan(t, { volumes: [kept], ...world });
    return [...[...planned.volumes.values()].map(({ from }) => from.kind), ...codes(planned)];
  };
  const other = { "/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents/content": { status: { snapshotHandle: "h2" } } };
  const repository = ["repository", "info/local_snapshot_unusable"];
  assert.deepEqual(await origin({ objects: there }), ["snapshot"]);
  assert.deepEqual(await origin({}), repository);
  assert.deepEqual(await origin({ objects: { ...there, ...other } }), repository);
  assert.deepEqual(await origin({ objects: there, isSameCluster: false }), repository);
  assert.deepEqual(await origin({ objects: there, classes: [storageClass({ provisioner: "other.example.com" })] }), repository);
});
