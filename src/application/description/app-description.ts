/** What an application is made of, in the terms of people. Of Secrets only names and types are in it. */
import type { ObjectId } from "../../kube/object-id.ts";
import type { ExclusionReason } from "../exclusions.ts";
import type { Image } from "./images.ts";

export interface Contents {
  /** Members, the children of controllers included. */
  readonly objects: number;
  /** What runs, from the top owner down; an operator's resource is the owner of what its operator made. */
  readonly workloads: readonly WorkloadNode[];
  readonly configuration: readonly ObjectId[];
  readonly secrets: readonly SecretEntry[];
  readonly claims: readonly ClaimEntry[];
  readonly network: readonly ObjectId[];
  readonly access: readonly ObjectId[];
  readonly others: readonly ObjectId[];
  /** How many objects beside its members are left out, and why. */
  readonly leftOut: Readonly<Partial<Record<ExclusionReason, number>>>;
}

export interface WorkloadNode {
  readonly id: ObjectId;
  /** `2/3`, `done`; "" of what is no workload itself. */
  readonly state: string;
  readonly isReady: boolean;
  /** Of it and of what is below. */
  readonly images: readonly Image[];
  readonly children: readonly WorkloadNode[];
}

export interface SecretEntry {
  readonly id: ObjectId;
  readonly type: string;
}

export interface ClaimEntry {
  readonly id: ObjectId;
  readonly storageClass: string | undefined;
  readonly size: string | undefined;
  readonly volume: string | undefined;
  readonly phase: string | undefined;
}
