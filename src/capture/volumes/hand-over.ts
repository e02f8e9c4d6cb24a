/**
 * From the namespace of the claim to Holdfast's: the snapshot on the storage gets a second pair of objects there, which alone own it once the first is
 * removed. Whoever deletes the first one, or its whole namespace, meanwhile, takes nothing along; and no credentials enter that namespace.
 *
 * Killed in between, a run leaves contents with its label that are set to Retain: whoever cleans up sets those back to Delete that no other content has
 * the handle of.
 */
import { DomainError } from "../../base/errors.ts";
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import { createObject, patchObject } from "../../kube/objects.ts";
import { apiVersionOf } from "../../kube/resource-type.ts";
import { FIELD_MANAGER } from "../../run/marks.ts";
import type { Run } from "../../run/run.ts";
import { claimName } from "./claim-facts.ts";
import { type CutVolume, snapshotGone } from "./cut.ts";
import { type Originals, removeSnapshot } from "./originals.ts";
import type { SnapshotKinds } from "./snapshot-kinds.ts";
import { boundContentOf, cutOf, isReady, throwIfFailed } from "./snapshot-status.ts";
import { until } from "./until.ts";

export interface HandOverContext {
  readonly run: Run;
  readonly kinds: SnapshotKinds;
  readonly originals: Originals;
  readonly signal: AbortSignal;
}

/** In Holdfast's namespace. */
export interface ImportedSnapshot {
  readonly of: CutVolume;
  /** Of the VolumeSnapshot. */
  readonly name: string;
  readonly content: string;
}

const BIND_TIMEOUT_MS = 5 * 60_000;
/** Tells which of several snapshotters is the one of the node. */
const MANAGED_BY_NODE = "snapshot.storage.kubernetes.io/managed-by";
const SECRET_ANNOTATIONS = ["name", "namespace"].flatMap((part) =>
  ["snapshot", "groupsnapshot"].map((kind) => `${kind}.storage.kubernetes.io/deletion-secret-${part}`),
);

/** @throws {DomainError} conflict/snapshot_gone: somebody has deleted it before it was safe */
export async function handOver(context: HandOverContext, volume: CutVolume): Promise<ImportedSnapshot> {
  const { run, kinds, originals, signal } = context;
  const { namespace, name, uid, content } = volume.original;
  const retained = await retain(context, content, claimName(volume.planned.claim));
  originals.retained({ kinds, namespace, name });
  const imported = await importSnapshot(context, volume, retained);
  await removeSnapshot(run, { kinds, namespace, name }, uid, signal);
  originals.handedOver({ kinds, namespace, name });
  return imported;
}

/** From here on the objects may be deleted, and what is on the storage stays. */
export async function retain({ run, kinds, signal }: HandOverContext, content: string, claim: string): Promise<JsonObject> {
  const labels = objectIn(run.metadata(content, { namespace: undefined }), "labels");
  const changes = { metadata: { labels }, spec: { deletionPolicy: "Retain" } };
  const options = { fieldManager: FIELD_MANAGER, signal };
  try {
    const retained = await patchObject(run.api, kinds.contents, { name: content }, { type: "merge", changes }, options);
    if (textIn(objectIn(retained, "metadata"), "deletionTimestamp") === undefined) return retained;
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "kube_not_found") throw error;
  }
  throw snapshotGone(claim);
}

/**
 * Makes the second pair of objects, and proves that it means the same snapshot.
 *
 * @param like The first content, or that of the group
 */
export async function importSnapshot(context: HandOverContext, of: CutVolume, like: JsonObject): Promise<ImportedSnapshot> {
  const { run, kinds, signal } = context;
  const { claim, volume, snapshotClass } = of.planned;
  const { namespace } = run;
  const [name, content] = [run.nameOf("import", claim.uid), run.nameOf("content", claim.uid)];
  const options = { fieldManager: FIELD_MANAGER, signal };
  await createObject(
    run.api,
    kinds.contents,
    {
      apiVersion: apiVersionOf(kinds.contents),
      kind: kinds.contents.kind,
      metadata: contentMetadata(run, content, like),
      spec: {
        deletionPolicy: "Delete",
        driver: volume.driver,
        source: { snapshotHandle: of.cut.handle },
        sourceVolumeMode: claim.mode,
        volumeSnapshotClassName: snapshotClass.name,
        volumeSnapshotRef: { apiVersion: apiVersionOf(kinds.snapshots), kind: kinds.snapshots.kind, namespace, name },
      },
    },
    { ...options },
  );
  await createObject(
    run.api,
    kinds.snapshots,
    {
      apiVersion: apiVersionOf(kinds.snapshots),
      kind: kinds.snapshots.kind,
      metadata: run.metadata(name, { namespace }),
      spec: { volumeSnapshotClassName: snapshotClass.name, source: { volumeSnapshotContentName: content } },
    },
    { ...options, namespace },
  );
  await proveSame(context, { of, name, content });
  return { of, name, content };
}

/** The secret for deleting it on the storage, and the node that can. */
export function contentMetadata(run: Run, name: string, like: JsonObject): JsonObject {
  const metadata = run.metadata(name, { namespace: undefined });
  const [labels, annotations] = ["labels", "annotations"].map((part) => objectIn(objectIn(like, "metadata"), part));
  const node = textIn(labels, MANAGED_BY_NODE);
  const secrets = SECRET_ANNOTATIONS.flatMap((key) => {
    const value = textIn(annotations, key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return {
    ...metadata,
    labels: { ...objectIn(metadata, "labels"), ...(node === undefined ? {} : { [MANAGED_BY_NODE]: node }) },
    annotations: { ...objectIn(metadata, "annotations"), ...Object.fromEntries(secrets) },
  };
}

async function proveSame({ run, kinds, signal }: HandOverContext, { of, name, content }: ImportedSnapshot): Promise<void> {
  const claim = claimName(of.planned.claim);
  const onTimeout = (): Error => lateError(claim, "the snapshot controller has not bound what was made of it");
  await until(
    run.api,
    kinds.contents,
    { fieldSelector: `metadata.name=${content}`, timeoutMs: BIND_TIMEOUT_MS, onTimeout, signal },
    (there) => {
      const found = there.get(content);
      if (found === undefined) throw snapshotGone(claim);
      throwIfFailed(found, `volume "${claim}"`);
      const now = cutOf(found);
      const reference = objectIn(objectIn(found, "spec"), "volumeSnapshotRef");
      const isBound =
        textIn(reference, "namespace") === run.namespace && textIn(reference, "name") === name && textIn(reference, "uid") !== undefined;
      return isBound && now?.handle === of.cut.handle ? found : undefined;
    },
  );
}

/** May take hours with storage that copies a snapshot elsewhere first. @returns how much room what is made from it needs */
export async function awaitReady(
  { run, kinds, signal }: HandOverContext,
  { of, name, content }: ImportedSnapshot,
  timeoutMs: number,
): Promise<void> {
  const { namespace } = run;
  const claim = claimName(of.planned.claim);
  const onTimeout = (): Error => lateError(claim, "it is not ready in the time that was given");
  await until(run.api, kinds.snapshots, { namespace, fieldSelector: `metadata.name=${name}`, timeoutMs, onTimeout, signal }, (there) => {
    const found = there.get(name);
    if (found === undefined) throw snapshotGone(claim);
    throwIfFailed(found, `volume "${claim}"`);
    return isReady(found) && boundContentOf(found) === content ? found : undefined;
  });
}

function lateError(claim: string, state: string): DomainError {
  return new DomainError("unavailable", "snapshot_timeout", `Cannot use the snapshot of volume "${claim}": ${state}`, {
    hint: "See whether the snapshot controller and the storage driver with its snapshotter run, or give --snapshot-timeout",
  });
}
