/** Claims, volumes and snapshots. */
import { isJsonObject, type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import { claimSpecReferences } from "./claim-spec.ts";
import { CLAIM, type Reference, SECRET, STORAGE_CLASS, to } from "./reference.ts";

const SNAPSHOT = { group: "snapshot.storage.k8s.io", kind: "VolumeSnapshot" };
const SNAPSHOT_CLASS = { group: "snapshot.storage.k8s.io", kind: "VolumeSnapshotClass" };
const SNAPSHOT_CONTENT = { group: "snapshot.storage.k8s.io", kind: "VolumeSnapshotContent" };
const ATTRIBUTES_CLASS = { group: "storage.k8s.io", kind: "VolumeAttributesClass" };

export function* claimReferences(object: JsonObject, namespace: string | undefined): Iterable<Reference> {
  yield* claimSpecReferences(objectIn(object, "spec"), namespace);
}

export function* volumeReferences(object: JsonObject): Iterable<Reference> {
  const spec = objectIn(object, "spec");
  const claim = objectIn(spec, "claimRef");
  yield* to(CLAIM, textIn(claim, "namespace"), textIn(claim, "name"), "bound to it");
  yield* to(STORAGE_CLASS, undefined, textIn(spec, "storageClassName"), "storage class");
  yield* to(ATTRIBUTES_CLASS, undefined, textIn(spec, "volumeAttributesClassName"), "volume attributes class");
  for (const value of Object.values(objectIn(spec, "csi"))) {
    // nodeStageSecretRef, controllerExpandSecretRef …: all are named alike, and nothing else in it is an object with a name.
    if (isJsonObject(value)) yield* to(SECRET, textIn(value, "namespace"), textIn(value, "name"), "volume credentials");
  }
}

export function* snapshotReferences(object: JsonObject, namespace: string | undefined): Iterable<Reference> {
  const spec = objectIn(object, "spec");
  const source = objectIn(spec, "source");
  yield* to(SNAPSHOT_CLASS, undefined, textIn(spec, "volumeSnapshotClassName"), "snapshot class");
  yield* to(CLAIM, namespace, textIn(source, "persistentVolumeClaimName"), "snapshot of it");
  const content = textIn(source, "volumeSnapshotContentName") ?? textIn(objectIn(object, "status"), "boundVolumeSnapshotContentName");
  yield* to(SNAPSHOT_CONTENT, undefined, content, "its content");
}

export function* snapshotContentReferences(object: JsonObject): Iterable<Reference> {
  const spec = objectIn(object, "spec");
  const snapshot = objectIn(spec, "volumeSnapshotRef");
  yield* to(SNAPSHOT, textIn(snapshot, "namespace"), textIn(snapshot, "name"), "bound to it");
  yield* to(SNAPSHOT_CLASS, undefined, textIn(spec, "volumeSnapshotClassName"), "snapshot class");
}
