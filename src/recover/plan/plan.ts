/**
 * What a restore will do, object by object. It is written before anything is changed, can be kept as a file, and is then executed as
 * it stands or not at all. It says nothing of what is in a Secret.
 */
import type { ObjectId } from "../../kube/object-id.ts";
import type { ResourcePath } from "../../kube/resource-type.ts";
import type { CloneOptions } from "../clone/clone-options.ts";
import type { Wave } from "../prepare/waves.ts";
import type { VolumeNote } from "../volumes/planned-volume.ts";
import type { FieldChange } from "./field-changes.ts";

/** A reader knows this number only: plans are short-lived. */
export const PLAN_FORMAT = 1;

/** `replace`: all of it becomes as it was, and fields that the point does not have go. */
export type Action = "create" | "replace" | "skip" | "update";

/**
 * `verified`: the API server would take it, admission included. `checked`: it cannot be asked yet, or was not; that the kind is
 * served, the rights and the quotas were looked up. `unknown`: not even that.
 */
export type Grade = "checked" | "unknown" | "verified";

/** A doubt that asking would end. */
export const NOT_ASKED = "the server was not asked";

/** Why most of what is skipped is. */
export const AS_IN_POINT = "is there already, as in the point";

export interface PlanEntry {
  /** Where it goes. */
  readonly id: ObjectId;
  readonly resource: ResourcePath;
  /** Absent: it is left out, whatever is at the target. */
  readonly wave?: Wave;
  readonly action: Action;
  /** Why it is skipped, or what is special about it. */
  readonly why?: string;
  /** Of what is not skipped. */
  readonly grade?: Grade;
  /** Why it is not `verified`. */
  readonly doubt?: string;
  /** The server was asked, and would not take it: its words. */
  readonly refusal?: string;
  /** Names of those that changed it. */
  readonly transforms?: readonly string[];
  /** Of what is written, in hex digits: see digest.ts. */
  readonly digest?: string;
  /** What it finds there. */
  readonly live?: LiveVersion;
  readonly changes?: readonly FieldChange[];
  /** Of a claim: its volume is filled, whatever becomes of the claim itself. */
  readonly volume?: VolumeNote;
  /** An earlier restore was ended while it wrote this one. */
  readonly isHalfDone?: true;
}

export interface LiveVersion {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** What was asked for: a plan is executed with the options that it was made with. */
export interface PlanOptions {
  readonly existing: Existing;
  readonly dependencies: Dependencies;
  readonly toNamespace?: string;
  readonly namePrefix?: string;
  /** By the name of the class in the point. */
  readonly storageClasses?: Readonly<Record<string, string>>;
  readonly transform?: TransformFile;
  /** As `Deployment/web`; all without any. */
  readonly only?: readonly string[];
  /** `only`: claims and their data, nothing else. `none`: claims get new and empty volumes. */
  readonly volumes?: VolumeChoice;
  /** Of new volumes, by the name of the claim in the point; quantities. */
  readonly volumeSizes?: Readonly<Record<string, string>>;
  readonly accessModes?: Readonly<Record<string, string>>;
  /** It becomes a copy for development, shut in. */
  readonly clone?: CloneOptions;
}

export type VolumeChoice = "none" | "only";

export interface TransformFile {
  /** What messages call it. */
  readonly file: string;
  readonly text: string;
}

export const EXISTING = ["fail", "keep", "update", "replace"] as const;
export type Existing = (typeof EXISTING)[number];

export const DEPENDENCIES = ["keep", "update"] as const;
export type Dependencies = (typeof DEPENDENCIES)[number];

export interface RestorePlan {
  readonly format: number;
  readonly point: string;
  /** Uid of the namespace kube-system: a plan is for one cluster. */
  readonly cluster: string;
  readonly options: PlanOptions;
  /** In the order of waves, then as the point has them. */
  readonly entries: readonly PlanEntry[];
}

export interface PlanCounts {
  readonly create: number;
  readonly update: number;
  readonly replace: number;
  readonly skip: number;
}

export function countActions(entries: readonly PlanEntry[]): PlanCounts {
  const count = (action: Action): number => entries.filter((entry) => entry.action === action).length;
  return { create: count("create"), update: count("update"), replace: count("replace"), skip: count("skip") };
}
