/** One volume into the repository: from a claim that is made of its snapshot, or from where the kubelet has mounted it. */
import { Deadline } from "../../base/deadline.ts";
import { DomainError } from "../../base/errors.ts";
import type { ProgressSink } from "../../base/progress.ts";
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import { createObject, deleteObject } from "../../kube/objects.ts";
import type { MoverPlacement, Movers } from "../../mover/movers.ts";
import type { BackUpVolume, MoverSuccess } from "../../mover/work.ts";
import { FIELD_MANAGER } from "../../run/marks.ts";
import type { Run } from "../../run/run.ts";
import { claimName } from "./claim-facts.ts";
import type { ImportedSnapshot } from "./hand-over.ts";
import type { LastVolume } from "./last-volumes.ts";
import { folderOnNode } from "./node-folder.ts";
import { unlessGone } from "./originals.ts";
import type { PlannedLive, PlannedVolume } from "./plan-volumes.ts";
import { watchStorage } from "./storage-watch.ts";
import { CLAIMS } from "./survey.ts";
import { until } from "./until.ts";

export interface MoveContext {
  readonly run: Run;
  readonly movers: Movers;
  readonly parent: LastVolume | undefined;
  readonly progress: ProgressSink;
  readonly signal: AbortSignal;
}

/** A volume that is not there by then may have something in its way, which is told of the pod that waits for it. */
const BIND_MS = 30_000;
/** Its pod goes before it. */
const GONE_MS = 20_000;

/** @throws {DomainError} unavailable/storage_full, and as Movers.move() does */
export async function moveSnapshot(context: MoveContext, imported: ImportedSnapshot): Promise<MoverSuccess> {
  const { run, movers, progress } = context;
  const { planned } = imported.of;
  const name = run.nameOf("read", planned.claim.uid);
  const done = new AbortController();
  const signal = AbortSignal.any([context.signal, done.signal]);
  const volume = claimName(planned.claim);
  let isMoved = false;
  try {
    await makeClaim(context, imported, name);
    const task = {
      work: workOf(context, planned),
      volume,
      mount: { kind: "claim", claim: name, readOnly: true },
      placement: placementOf(imported),
      progress,
    } as const;
    const move = async (): Promise<MoverSuccess> => {
      if (!planned.storageClass.waitsForPod) await untilBound(run, name, signal);
      return movers.move(task, signal);
    };
    const moved = await Promise.race([move(), watchStorage(run.api, { namespace: run.namespace, name, volume }, signal)]);
    isMoved = true;
    return moved;
  } finally {
    done.abort();
    const place = { namespace: run.namespace, name };
    // Not with a signal that may have aborted: room on the storage is short.
    await unlessGone(deleteObject(run.api, CLAIMS, place, { propagation: "Background" }));
    if (!isMoved) await untilNotWaiting(run, name);
  }
}

/**
 * A snapshot that is deleted while a claim that is made of it still waits stays: its controller does not look again when the claim has gone.
 * What takes longer is seen to by the next run.
 */
async function untilNotWaiting({ api, namespace }: Run, name: string): Promise<void> {
  using deadline = new Deadline(api.clock, GONE_MS);
  const options = {
    namespace,
    fieldSelector: `metadata.name=${name}`,
    timeoutMs: GONE_MS,
    onTimeout: () => new DomainError("unavailable", "claim_stays", `Cannot remove claim "${name}" in time`),
    signal: deadline.signal,
  };
  await until(api, CLAIMS, options, (there) => (isWaiting(there.get(name)) ? undefined : {})).catch(() => undefined);
}

function isWaiting(claim: JsonObject | undefined): boolean {
  return claim !== undefined && textIn(objectIn(claim, "status"), "phase") !== "Bound";
}

/** It is read while it is in use, on the node that uses it. */
export async function moveLive(context: MoveContext, planned: PlannedLive): Promise<MoverSuccess> {
  const { movers, progress, signal } = context;
  const { claim, volume, pod } = planned;
  const path = folderOnNode(volume, pod.uid) ?? "";
  const placement = { nodeName: pod.node };
  return movers.move(
    { work: workOf(context, planned), volume: claimName(claim), mount: { kind: "node-folder", path }, placement, progress },
    signal,
  );
}

function workOf({ parent }: MoveContext, { claim }: PlannedVolume): BackUpVolume {
  return { kind: "back-up", mode: claim.mode, claimUid: claim.uid, parent };
}

async function makeClaim({ run, signal }: MoveContext, { of, name: snapshot }: ImportedSnapshot, name: string): Promise<void> {
  const { claim, storageClass } = of.planned;
  const { namespace } = run;
  const object = {
    apiVersion: "v1",
    kind: CLAIMS.kind,
    metadata: run.metadata(name, { namespace }),
    spec: {
      // Few drivers make a volume from a snapshot that is read-only; the mover mounts it so.
      accessModes: ["ReadWriteOnce"],
      storageClassName: storageClass.name,
      volumeMode: claim.mode,
      resources: { requests: { storage: String(Math.max(claim.capacityBytes, of.cut.restoreBytes ?? 0)) } },
      dataSource: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: snapshot },
    },
  };
  await createObject(run.api, CLAIMS, object, { namespace, fieldManager: FIELD_MANAGER, signal });
}

/** A pod that comes before its volume is put off, by the scheduler for a second and by the kubelet for ten. */
async function untilBound({ api, namespace }: Run, name: string, signal: AbortSignal): Promise<void> {
  const late = new DomainError("unavailable", "snapshot_timeout", "Cannot use the volume of a snapshot: it is not bound");
  const options = { namespace, fieldSelector: `metadata.name=${name}`, timeoutMs: BIND_MS, onTimeout: () => late, signal };
  const isBound = (claim: JsonObject | undefined): boolean => textIn(objectIn(claim, "status"), "phase") === "Bound";
  await until(api, CLAIMS, options, (there) => (isBound(there.get(name)) ? {} : undefined)).catch((error: unknown) => {
    if (error !== late) throw error;
  });
}

/** With a class that waits for a pod, the scheduler would not know where the snapshot is. */
function placementOf({ of }: ImportedSnapshot): MoverPlacement {
  const { nodes } = of.planned.volume;
  return nodes === undefined ? {} : { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: nodes } } };
}
