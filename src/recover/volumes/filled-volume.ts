/**
 * A new volume with what a restore point has of an old one, in a claim of Holdfast's own namespace: the prime claim. Nobody else sees it
 * before it is whole, so nothing half filled is ever in an application. A run that is killed takes it along.
 */
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import type { ProgressSink } from "../../base/progress.ts";
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import { idOfObject } from "../../kube/object-id.ts";
import { createObject, deleteObject, getObject, patchObject } from "../../kube/objects.ts";
import type { Movers } from "../../mover/movers.ts";
import type { VolumeMode } from "../../mover/work.ts";
import { FIELD_MANAGER } from "../../run/marks.ts";
import type { Run } from "../../run/run.ts";
import { waitUntilGone } from "../execute/wait-until-gone.ts";
import { onlyIfThere } from "../plan/live-objects.ts";
import { annotationIn, boundVolumeOf, CLAIMS, SELECTED_NODE, SNAPSHOTS, STORAGE_CLASSES, uidOf, VOLUMES } from "./storage-objects.ts";
import { classForClaim, isOfClaim, type NamedClaim } from "./class-secrets.ts";
import { lastWarning, notProvisioned } from "./provisioning-failure.ts";
import { until } from "./until.ts";

export interface FillContext {
  readonly run: Run;
  readonly movers: Movers;
}

export interface FillRequest {
  /** The claim that will have the volume: for names, messages and secrets of its storage; it need not exist yet. */
  readonly claim: NamedClaim;
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
  /** From the repository, by a mover. @param root Node of the root folder, for its attributes; block volumes have none */
  | { readonly kind: "tree"; readonly tree: HexId; readonly root?: string | undefined }
  /** From a VolumeSnapshot in Holdfast's namespace, by the storage itself. */
  | { readonly kind: "snapshot"; readonly name: string };

export interface FilledVolume {
  /** In Holdfast's namespace. */
  readonly claim: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly persistentVolume: string;
  /** Written by a mover; absent where the storage copied by itself. */
  readonly bytes?: number;
  readonly files?: number;
  readonly moverMs?: number;
}

/** Storage that has refused for so long will not take it any more. */
const PROVISION_MS = 120_000;
const MAX_ROUNDS = 10;
/** What provisioners say of a call that takes longer than they wait, and is asked for again. */
const STILL_AT_IT = /DeadlineExceeded|deadline exceeded|code = Aborted/;

/**
 * May be called again with the same, and goes on then.
 *
 * @throws {DomainError} unavailable/volume_not_provisioned: with what the storage says; conflict/volume_moved: the storage cannot make it
 *   where the node is that was selected; whatever a mover throws
 */
export async function fillVolume(context: FillContext, request: FillRequest): Promise<FilledVolume> {
  const { run, movers } = context;
  const { claim, content, shape, selectedNode, progress, signal } = request;
  const own = await classFor(run, request);
  const prime = await primeClaim(run, request, own.name);
  const { name } = idOfObject(prime);
  const volume = `${claim.namespace}/${claim.name}`;
  const mount = { kind: "claim", claim: name, readOnly: false } as const;
  // A class that waits for a pod takes the mover for it, if no other pod is there to follow. Else the volume is made first: the scheduler
  // would choose a node for the mover, and not ask whether the application can follow.
  const isWaiting = selectedNode === undefined && (await waitsForConsumer(run, prime, signal));
  if (!isWaiting) await boundOrRemoved(run, prime, request);
  let written: Pick<FilledVolume, "bytes" | "files" | "moverMs"> = {};
  if (content.kind === "tree") {
    const work = { kind: "fill", mode: shape.mode, tree: content.tree, root: content.root, verify: true } as const;
    const { bytes, files, tookMs } = await movers.move({ work, volume, mount, progress }, signal);
    written = { bytes, files, moverMs: tookMs };
  } else if (isWaiting) await movers.move({ work: { kind: "probe", writes: false }, volume, mount }, signal);
  const persistentVolume = await bound(run, name, request);
  await own.done(persistentVolume);
  return { claim: { namespace: run.namespace, name, uid: uidOf(prime) }, persistentVolume, ...written };
}

interface OwnClass {
  readonly name: string | undefined;
  /** Once there is a volume. */
  readonly done: (volume: string) => Promise<void>;
}

/** The class that is asked for, or one like it that takes its secrets from where the application's claim is. */
async function classFor(run: Run, { claim, shape, signal }: FillRequest): Promise<OwnClass> {
  const { api } = run;
  const { storageClass } = shape;
  const asked = { name: storageClass, done: async () => undefined };
  if (storageClass === undefined || storageClass === "") return asked;
  const found = await getObject(api, STORAGE_CLASSES, { name: storageClass }, { signal });
  if (!isOfClaim(objectIn(found, "parameters"))) return asked;
  const name = run.nameOf("class", `${claim.namespace}/${claim.name}`);
  const own = classForClaim(found, claim, run.metadata(name, { namespace: undefined }));
  await createObject(api, STORAGE_CLASSES, own, { fieldManager: FIELD_MANAGER, signal }).catch(unlessExists);
  return {
    name,
    done: async (volume) => {
      const changes = { spec: { storageClassName: storageClass } };
      await patchObject(api, VOLUMES, { name: volume }, { type: "merge", changes }, { fieldManager: FIELD_MANAGER, signal });
      await deleteObject(api, STORAGE_CLASSES, { name }, { propagation: "Background", signal }).catch(onlyIfThere);
    },
  };
}

async function primeClaim(run: Run, request: FillRequest, storageClass: string | undefined): Promise<JsonObject> {
  const { claim, content, shape, selectedNode, signal } = request;
  const { api, namespace } = run;
  const name = run.nameOf("fill", `${claim.namespace}/${claim.name}`);
  const { size, accessModes, mode, attributesClass } = shape;
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
  // Of this run, by its name, if it is there: an answer was lost, or it is done again.
  const made = await createObject(api, CLAIMS, object, { namespace, fieldManager: FIELD_MANAGER, signal }).catch(unlessExists);
  return made ?? getObject(api, CLAIMS, { namespace, name }, { signal });
}

function unlessExists(error: unknown): undefined {
  if (error instanceof DomainError && error.code === "kube_exists") return undefined;
  throw error;
}

async function waitsForConsumer({ api }: Run, prime: JsonObject, signal: AbortSignal): Promise<boolean> {
  const name = textIn(objectIn(prime, "spec"), "storageClassName") ?? "";
  if (name === "") return false;
  const found = await getObject(api, STORAGE_CLASSES, { name }, { signal }).catch(onlyIfThere);
  return found !== undefined && textIn(found, "volumeBindingMode") === "WaitForFirstConsumer";
}

const NO_VOLUME: ReadonlySet<string> = new Set(["volume_moved", "volume_not_provisioned"]);

/** A claim that gets no volume leaves its name to the next one: on another node, or from elsewhere. */
async function boundOrRemoved(run: Run, prime: JsonObject, request: FillRequest): Promise<void> {
  const { api, namespace } = run;
  const { name } = idOfObject(prime);
  try {
    await bound(run, name, request);
  } catch (error) {
    if (!(error instanceof DomainError) || !NO_VOLUME.has(error.code)) throw error;
    const { signal } = request;
    const [place, uid] = [{ namespace, name }, uidOf(prime)];
    await deleteObject(api, CLAIMS, place, { preconditions: { uid }, propagation: "Background", signal }).catch(onlyIfThere);
    await waitUntilGone(api, CLAIMS, place, uid, signal);
    throw error;
  }
}

/** @returns the name of its volume */
async function bound({ api, namespace }: Run, name: string, { claim, selectedNode, signal }: FillRequest): Promise<string> {
  const place = { namespace, name };
  const look = (found: JsonObject | undefined): string | undefined => {
    if (found === undefined) throw gone(claim.name);
    const volume = boundVolumeOf(found);
    // The provisioner gives a node back where it cannot make the volume.
    if (volume === undefined && selectedNode !== undefined && annotationIn(found, SELECTED_NODE) !== selectedNode) {
      throw moved(claim, selectedNode);
    }
    return volume;
  };
  for (let round = 1; ; round++) {
    const volume = await until<string | undefined>(api, CLAIMS, place, { timeoutMs: PROVISION_MS, signal, look, late: () => undefined });
    if (volume !== undefined) return volume;
    // Some storage copies for a long time, and says nothing meanwhile; what it refuses it says.
    const refusal = await lastWarning(api, place, signal);
    const isAtIt = refusal === undefined || STILL_AT_IT.test(refusal);
    if (round === MAX_ROUNDS || !isAtIt) throw notProvisioned(claim, refusal);
  }
}

function moved({ namespace, name }: NamedClaim, node: string): DomainError {
  const message = `Cannot make a volume for claim "${name}" in namespace "${namespace}": its storage has no place for it where node "${node}" is`;
  return new DomainError("conflict", "volume_moved", message, { hint: "Let the scheduler choose another node" });
}

function gone(claim: string): DomainError {
  return new DomainError("conflict", "volume_gone", `Cannot fill a volume for claim "${claim}": somebody removed it meanwhile`, {
    hint: "Restore again",
  });
}
