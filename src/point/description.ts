/** holdfast.json: what a restore point says of itself. */
import type { Finding } from "../base/finding.ts";
import type { Ulid } from "../base/ids.ts";
import type { ObjectId } from "../kube/object-id.ts";

/** A reader knows this number and all before it; fields that it does not know it leaves alone. */
export const POINT_FORMAT = 1;

export interface PointDescription {
  readonly format: number;
  readonly id: Ulid;
  /** Of the listings, RFC 3339. */
  readonly time: string;
  readonly unit: PointUnit;
  readonly cluster: PointCluster;
  readonly programVersion: string;
  /** Every resource that objects were captured of, with how many. */
  readonly resources: readonly CapturedResource[];
  /** What is in the point, but is no member of the unit. */
  readonly dependencies: readonly PointDependency[];
  /** Other units that members refer to; nothing of them is in the point. */
  readonly uses: readonly UsedUnitName[];
  /** By digest where a running container says it. */
  readonly images: readonly PointImage[];
  readonly releases: readonly PointRelease[];
  /** Every volume of the unit, those of which no data is in the point included. */
  readonly volumes: readonly PointVolume[];
  /** Dumps of databases. */
  readonly streams: readonly PointStream[];
  /** The databases that were recognised, whatever was done about them. */
  readonly databases: readonly PointDatabase[];
  readonly findings: readonly Finding[];
}

export interface PointUnit {
  readonly kind: "namespace" | "declared" | "cluster";
  readonly name: string;
  readonly namespaces: readonly string[];
}

export interface PointCluster {
  /** The uid of its namespace kube-system. */
  readonly id: string;
  readonly name: string;
  /** As `v1.36.3`. */
  readonly version: string;
}

export interface CapturedResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly count: number;
}

export interface PointDependency {
  readonly id: ObjectId;
  readonly why: string;
}

export interface UsedUnitName {
  readonly kind: PointUnit["kind"];
  readonly name: string;
  readonly why: string;
}

export interface PointImage {
  readonly image: string;
  readonly digest: string | undefined;
}

/** What the application was installed as. */
export interface PointRelease {
  readonly tool: "helm" | "argocd" | "flux";
  readonly name: string;
  readonly namespace: string;
  /** Chart and version of Helm; URL of the source of others. */
  readonly source: string | undefined;
  readonly revision: string | undefined;
}

/** `application`: it was quiesced. `group`: one moment with others, of one database or not. `crash`: one moment. `live`: none, it was read while in use. */
export type Consistency = "application" | "crash" | "group" | "live";

export type VolumeMethod = "live" | "skip" | "snapshot" | "stream";

export interface PointVolume {
  readonly namespace: string;
  readonly claim: string;
  readonly claimUid: string;
  readonly method: VolumeMethod;
  /** Why this method, in a few words. */
  readonly why: string;
  readonly mode: "Block" | "Filesystem";
  readonly storageClass: string | undefined;
  readonly driver: string | undefined;
  readonly accessModes: readonly string[];
  /** Of the volume, not of what is in it. */
  readonly capacityBytes: number;
  /** Absent where the point has no data of it, as for all that follows. */
  readonly data?: VolumeData;
}

export interface VolumeData {
  /** From the root of the point on: `volumes/data`. */
  readonly path: readonly string[];
  readonly consistency: Consistency;
  /** Volumes of one moment have the same. */
  readonly group?: string;
  /** When it was cut, RFC 3339. */
  readonly time: string;
  readonly files: number;
  readonly bytes: number;
  /** How long its mover worked. */
  readonly moverMs?: number;
  /** A snapshot on the storage itself, kept for a quick return. */
  readonly snapshot?: LocalSnapshot;
}

export interface LocalSnapshot {
  readonly driver: string;
  /** As the storage calls it. */
  readonly handle: string;
  readonly sizeBytes: number;
  /** The VolumeSnapshot of it, in Holdfast's namespace. */
  readonly namespace: string;
  readonly name: string;
}

export interface PointStream {
  readonly namespace: string;
  /** Of the blueprint. */
  readonly blueprint: string;
  readonly pod: string;
  readonly path: readonly string[];
  readonly bytes: number;
}

export interface PointDatabase {
  readonly namespace: string;
  /** The workload: `StatefulSet/db`. */
  readonly workload: string;
  readonly blueprint: string;
  /** Nobody has tried the blueprint. */
  readonly untested: boolean;
  readonly pod: string;
  /** Its claims. */
  readonly claims: readonly string[];
  /** How long it was quiesced; absent: it was not. */
  readonly quiescedMs?: number;
  /** Why it was not, or was thawed early. */
  readonly why?: string;
}
