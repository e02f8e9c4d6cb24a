/** Claims and storage for tests of the planning. */
import type { JsonObject } from "../../../kube/json.ts";
import type { ClaimFacts, VolumeFacts } from "../claim-facts.ts";
import type { StorageFacts } from "../plan-volumes.ts";
import type { SnapshotClass } from "../snapshot-classes.ts";

export const DRIVER = "disks.example.com";

export function volumeOf(name: string, change: Partial<VolumeFacts> = {}): VolumeFacts {
  return { name: `pv-${name}`, source: "csi", driver: DRIVER, handle: `handle-${name}`, nodes: undefined, ...change };
}

export function boundClaim(name: string, change: Partial<ClaimFacts> = {}): ClaimFacts {
  return {
    namespace: "shop",
    name,
    uid: `uid-${name}`,
    phase: "Bound",
    isDeleted: false,
    storageClass: "disks",
    mode: "Filesystem",
    accessModes: ["ReadWriteOnce"],
    capacityBytes: 2 ** 30,
    volume: volumeOf(name),
    pods: [],
    ...change,
  };
}

export function classOf(name: string, change: Partial<SnapshotClass> = {}): SnapshotClass {
  return { name, driver: DRIVER, isDefault: false, tenantSecret: undefined, ...change };
}

export function storageOf(change: Partial<StorageFacts> = {}): StorageFacts {
  return {
    hasSnapshots: true,
    snapshotClasses: [classOf("cuts")],
    storageClasses: [{ name: "disks", provisioner: DRIVER, waitsForPod: false, tenantSecret: undefined }],
    secrets: new Set(),
    ...change,
  };
}

export function inZone(zone: string): JsonObject {
  return { nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "In", values: [zone] }] }] };
}
