/**
 * A new volume with what a restore point has of an old one, in a claim of Holdfast's own namespace: the prime claim. Nobody else sees it
 * before it is whole, so nothing half filled is ever in an application. A run that is killed takes it along.
 */
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import type { ProgressSink } from "../../base/progress.ts";
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import { createObject, getObject } from "../../kube/objects.ts";
import type { Movers } from "../../mover/movers.ts";
import type { VolumeMode } from "../../mover/work.ts";
import { FIELD_MANAGER } from "../../run/marks.ts";
import type { Run } from "../../run/run.ts";
import { onlyIfThere } from "../plan/live-objects.ts";
import { boundVolumeOf, CLAIMS, SELECTED_NODE, SNAPSHOTS, STORAGE_CLASSES, uidOf, annotationIn } from "./storage-objects.ts";
import { provisioningFailure } from "./provisioning-failure.ts";
import { until } from "./until.ts";

export interface FillContext {
  readonly run: Run;
  readonly movers: Movers;
}

export interface FillRequest {
  /** The claim that will have the volume: for names and messages, and it need not exist yet. */
  readonly claim: { readonly namespace: string; readonly name: string };
  readonly shape: VolumeShape;
  readonly content: VolumeContent;
  /** Where the volume has to be reachable from; for classes that wait for a pod. */
  readonly selectedNode?: string | undefined;
  readonly progress?: ProgressSink | undefined;
  readonly signal: AbortSignal;
}

/** As the claim asks for it, so that the two can be bound. */
export interface VolumeShape {
  /** undefined: the default of the cluster. */
  readonly storageClass: string | undefined;
  /** A quantity: `2Gi`. */
  readonly size: string;
  readonly accessModes: readonly string[];
  readonly mode: VolumeMode;
  readonly attributesClass?: string | undefined;
}

export type VolumeContent =
  /** From the repository, by a mover. */
  | { readonly kind: "tree"; readonly tree: HexId }
  /** From a VolumeSnapshot in Holdfast's namespace, by the storage itself. */
  | { readonly kind: "snapshot"; readonly name: string };

export interface FilledVolume {
  /** In Holdfast's namespace. */
  readonly claim: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly persistentVolume: string;
  /** Written by a mover; absent where the storage copied by itself. */
  readonly bytes?: number;
  readonly files?: number;
}

/** Storage that has refused for so long will not take it any more. */
const PROVISION_MS = 120_000;

/**
 * May be called again with the same, and goes on then.
 *
 * @throws {DomainError} unavailable/volume_not_provisioned: with what the storage says; conflict/volume_moved: the storage cannot make it
 *   where the node is that was selected; whatever a mover throws
 */
export async function fillVolume(context: FillContext, request: FillRequest): Promise<FilledVolume> {
  const { run, movers } = context;
  const { claim, content, shape, selectedNode, progress, signal } = request;
  const prime = await primeClaim(run, request);
  const name = textIn(objectIn(prime, "metadata"), "name") ?? "";
  const volume = `${claim.namespace}/${claim.name}`;
  const mount = { kind: "claim", claim: name, readOnly: false } as const;
  // A class that waits for a pod takes the mover for it, if no other pod is there to follow. Else the volume is made first: the scheduler
  // would choose a node for the mover, and not ask whether the application can follow.
  const isWaiting = selectedNode === undefined && (await waitsForConsumer(run, prime, signal));
  if (!isWaiting) await bound(run, name, request);
  let written: Pick<FilledVolume, "bytes" | "files"> = {};
  if (content.kind === "tree") {
    const work = { kind: "fill", mode: shape.mode, tree: content.tree, verify: true } as const;
    const { bytes, files } = await movers.move({ work, volume, mount, progress }, signal);
    written = { bytes, files };
  } else if (isWaiting) await movers.move({ work: { kind: "probe", writes: false }, volume, mount }, signal);
  const persistentVolume = await bound(run, name, request);
  return { claim: { namespace: run.namespace, name, uid: uidOf(prime) }, persistentVolume, ...written };
}

async function primeClaim(run: Run, { claim, content, shape, selectedNode, signal }: FillRequest): Promise<JsonObject> {
  const { api, namespace } = run;
  const name = run.nameOf("fill", `${claim.namespace}/${claim.name}`);
  const { storageClass, size, accessModes, mode, attributesClass } = shape;
  const metadata = run.metadata(name, { namespace });
  const object = {
    apiVersion: "v1",
    kind: CLAIMS.kind,
    metadata: {
      ...metadata,
      annotations: {
        ...objectIn(metadata, "annotations"),
        ...(selectedNode === undefined ? {} : { [SELECTED_NODE]: selectedNode }),
      },
    },
    spec: {
      // The claim that gets the volume may be one that nobody can write to.
      accessModes: accessModes.every((one) => one === "ReadOnlyMany") ? [...accessModes, "ReadWriteOnce"] : accessModes,
      volumeMode: mode,
      resources: { requests: { storage: size } },
      ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
      ...(attributesClass === undefined ? {} : { volumeAttributesClassName: attributesClass }),
      ...(content.kind === "tree" ? {} : { dataSource: { apiGroup: SNAPSHOTS.group, kind: SNAPSHOTS.kind, name: content.name } }),
    },
  };
  try {
    return await createObject(api, CLAIMS, object, { namespace, fieldManager: FIELD_MANAGER, signal });
  } catch (error) {
    // Of this run, by its name: an answer was lost, or it is done again.
    if (!(error instanceof DomainError) || error.code !== "kube_exists") throw error;
    return getObject(api, CLAIMS, { namespace, name }, { signal });
  }
}

async function waitsForConsumer({ api }: Run, prime: JsonObject, signal: AbortSignal): Promise<boolean> {
  const name = textIn(objectIn(prime, "spec"), "storageClassName") ?? "";
  if (name === "") return false;
  const found = await getObject(api, STORAGE_CLASSES, { name }, { signal }).catch(onlyIfThere);
  return found !== undefined && textIn(found, "volumeBindingMode") === "WaitForFirstConsumer";
}

/** @returns the name of its volume */
async function bound({ api, namespace }: Run, name: string, { claim, selectedNode, signal }: FillRequest): Promise<string> {
  const place = { namespace, name };
  return until(api, CLAIMS, place, {
    timeoutMs: PROVISION_MS,
    signal,
    look(found) {
      if (found === undefined) throw gone(claim.name);
      const volume = boundVolumeOf(found);
      // The provisioner gives a node back where it cannot make the volume.
      if (volume === undefined && selectedNode !== undefined && annotationIn(found, SELECTED_NODE) !== selectedNode) {
        const message = `Cannot make a volume for claim "${claim.name}": not where node "${selectedNode}" is`;
        throw new DomainError("conflict", "volume_moved", message, { hint: "The scheduler chooses another node" });
      }
      return volume;
    },
    late: async () => {
      throw await provisioningFailure(api, place, claim, signal);
    },
  });
}

function gone(claim: string): DomainError {
  return new DomainError("conflict", "volume_gone", `Cannot fill a volume for claim "${claim}": somebody removed it meanwhile`, {
    hint: "Restore again",
  });
}
