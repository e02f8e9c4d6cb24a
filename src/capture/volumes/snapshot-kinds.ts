/** The kinds that snapshots of volumes are made of, in the versions that the cluster serves. */
import { DomainError } from "../../base/errors.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import type { ResourceType } from "../../kube/resource-type.ts";

export const SNAPSHOT_GROUP = "snapshot.storage.k8s.io";
export const GROUP_SNAPSHOT_GROUP = "groupsnapshot.storage.k8s.io";

export interface SnapshotKinds {
  readonly snapshots: ResourceType;
  readonly contents: ResourceType;
  readonly classes: ResourceType;
}

/** undefined: the cluster cannot take snapshots. */
export function snapshotKinds(table: ResourceTable): SnapshotKinds | undefined {
  const snapshots = table.ofKind({ group: SNAPSHOT_GROUP, kind: "VolumeSnapshot" });
  const contents = table.ofKind({ group: SNAPSHOT_GROUP, kind: "VolumeSnapshotContent" });
  const classes = table.ofKind({ group: SNAPSHOT_GROUP, kind: "VolumeSnapshotClass" });
  return snapshots === undefined || contents === undefined || classes === undefined ? undefined : { snapshots, contents, classes };
}

/** undefined: the cluster cannot take snapshots of several volumes at one moment. */
export function groupSnapshotKinds(table: ResourceTable): SnapshotKinds | undefined {
  const snapshots = table.ofKind({ group: GROUP_SNAPSHOT_GROUP, kind: "VolumeGroupSnapshot" });
  const contents = table.ofKind({ group: GROUP_SNAPSHOT_GROUP, kind: "VolumeGroupSnapshotContent" });
  const classes = table.ofKind({ group: GROUP_SNAPSHOT_GROUP, kind: "VolumeGroupSnapshotClass" });
  return snapshots === undefined || contents === undefined || classes === undefined ? undefined : { snapshots, contents, classes };
}

export function requireKinds(kinds: SnapshotKinds | undefined): SnapshotKinds {
  if (kinds !== undefined) return kinds;
  throw new DomainError("unsupported", "no_snapshots", "Cannot take snapshots of volumes: the cluster does not serve VolumeSnapshots", {
    hint: "Install the snapshot controller and its definitions of the Kubernetes storage group",
  });
}
