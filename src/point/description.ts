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
