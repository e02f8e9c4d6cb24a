/** The kinds, of Kubernetes itself and of the snapshot controller, that runs make objects of. */
import type { ResourcePath } from "../kube/resource-type.ts";

export type RunResource = ResourcePath & { readonly kind: string };

const SNAPSHOT_GROUP = "snapshot.storage.k8s.io";
export const GROUP_SNAPSHOT_GROUP = "groupsnapshot.storage.k8s.io";

export const NAMESPACES: RunResource = { group: "", version: "v1", plural: "namespaces", kind: "Namespace" };
export const LEASES: RunResource = { group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease" };
export const CLAIMS: RunResource = { group: "", version: "v1", plural: "persistentvolumeclaims", kind: "PersistentVolumeClaim" };
export const VOLUMES: RunResource = { group: "", version: "v1", plural: "persistentvolumes", kind: "PersistentVolume" };
export const STORAGE_CLASSES: RunResource = { group: "storage.k8s.io", version: "v1", plural: "storageclasses", kind: "StorageClass" };
export const SNAPSHOTS: RunResource = { group: SNAPSHOT_GROUP, version: "v1", plural: "volumesnapshots", kind: "VolumeSnapshot" };
export const CONTENTS: RunResource = {
  group: SNAPSHOT_GROUP,
  version: "v1",
  plural: "volumesnapshotcontents",
  kind: "VolumeSnapshotContent",
};

/** Their version is what the cluster serves: v1 since Kubernetes 1.36. */
export const GROUP_SNAPSHOTS: Omit<RunResource, "version"> = {
  group: GROUP_SNAPSHOT_GROUP,
  plural: "volumegroupsnapshots",
  kind: "VolumeGroupSnapshot",
};
export const GROUP_CONTENTS: Omit<RunResource, "version"> = {
  group: GROUP_SNAPSHOT_GROUP,
  plural: "volumegroupsnapshotcontents",
  kind: "VolumeGroupSnapshotContent",
};
