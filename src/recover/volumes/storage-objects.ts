/** What Kubernetes keeps volumes in, and what of it a restore reads and writes. */
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";

export const CLAIMS = { group: "", version: "v1", plural: "persistentvolumeclaims", kind: "PersistentVolumeClaim" } as const;
export const VOLUMES = { group: "", version: "v1", plural: "persistentvolumes", kind: "PersistentVolume" } as const;
export const STORAGE_CLASSES = { group: "storage.k8s.io", version: "v1", plural: "storageclasses", kind: "StorageClass" } as const;
export const SNAPSHOTS = { group: "snapshot.storage.k8s.io", version: "v1", plural: "volumesnapshots", kind: "VolumeSnapshot" } as const;

/** On a claim that is not bound: the node that the scheduler has chosen for its pod. */
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";

export function annotationIn(object: JsonObject, name: string): string | undefined {
  return textIn(objectIn(objectIn(object, "metadata"), "annotations"), name);
}

export function uidOf(object: JsonObject): string {
  return textIn(objectIn(object, "metadata"), "uid") ?? "";
}

export function resourceVersionOf(object: JsonObject): string {
  return textIn(objectIn(object, "metadata"), "resourceVersion") ?? "";
}

/** The volume that a claim is bound to; undefined: it is not. */
export function boundVolumeOf(claim: JsonObject): string | undefined {
  const volume = textIn(objectIn(claim, "spec"), "volumeName");
  return textIn(objectIn(claim, "status"), "phase") === "Bound" && volume !== "" ? volume : undefined;
}

/** Whether the volume belongs to this very claim. */
export function isVolumeOf(
  volume: JsonObject,
  claim: { readonly namespace: string; readonly name: string; readonly uid: string },
): boolean {
  const reference = objectIn(objectIn(volume, "spec"), "claimRef");
  return (["namespace", "name", "uid"] as const).every((field) => textIn(reference, field) === claim[field]);
}
