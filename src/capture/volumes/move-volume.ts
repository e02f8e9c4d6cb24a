/** One volume into the repository: from a claim that is made of its snapshot, or from where the kubelet has mounted it. */
import type { ProgressSink } from "../../base/progress.ts";
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

export interface MoveContext {
  readonly run: Run;
  readonly movers: Movers;
  readonly parent: LastVolume | undefined;
  readonly progress: ProgressSink;
  readonly signal: AbortSignal;
}

/** @throws {DomainError} unavailable/storage_full, and as Movers.move() does */
export async function moveSnapshot(context: MoveContext, imported: ImportedSnapshot): Promise<MoverSuccess> {
  const { run, movers, progress } = context;
  const { planned } = imported.of;
  const name = run.nameOf("read", planned.claim.uid);
  const done = new AbortController();
  const signal = AbortSignal.any([context.signal, done.signal]);
  const volume = claimName(planned.claim);
  try {
    await makeClaim(context, imported, name);
    const task = {
      work: workOf(context, planned),
      volume,
      mount: { kind: "claim", claim: name, readOnly: true },
      placement: placementOf(imported),
      progress,
    } as const;
    return await Promise.race([movers.move(task, signal), watchStorage(run.api, { namespace: run.namespace, name, volume }, signal)]);
  } finally {
    done.abort();
    const place = { namespace: run.namespace, name };
    // Not with a signal that may have aborted: room on the storage is short.
    await unlessGone(deleteObject(run.api, CLAIMS, place, { propagation: "Background" }));
  }
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

/** With a class that waits for a pod, the scheduler would not know where the snapshot is. */
function placementOf({ of }: ImportedSnapshot): MoverPlacement {
  const { nodes } = of.planned.volume;
  return nodes === undefined ? {} : { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: nodes } } };
}
