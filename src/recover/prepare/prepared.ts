/** What is to be created at the target for an object of a restore point, or why nothing is. */
import type { JsonObject, JsonValue } from "../../kube/json.ts";
import type { ResourcePath } from "../../kube/resource-type.ts";
import type { Wave } from "./waves.ts";

export type Prepared = PreparedObject | LeftOut;

export interface PreparedObject {
  readonly kind: "object";
  /** As captured: whether the target serves that version is for the target to say. */
  readonly resource: ResourcePath;
  /** Where it goes; undefined: it belongs to the cluster. */
  readonly namespace: string | undefined;
  /** What it is called there. */
  readonly name: string;
  /** Nothing in it is the source's alone: no uid, version, time, status, owner or managedFields. */
  readonly object: JsonObject;
  /** Of the object as it was: what owners of the captured one are named by. */
  readonly uid: string | undefined;
  /** To be put back by a merge patch once the object is there, through `rewired()`. */
  readonly managedFields: readonly JsonValue[];
  readonly owners: readonly CapturedOwner[];
  readonly status: CapturedStatus | undefined;
  readonly wave: Wave;
  /** The target makes one by itself, maybe at this moment: what it lacks is added to that one, whatever is said about existing objects. */
  readonly isMerged: boolean;
  /** Fields of text that speak of a renamed namespace and were left as they are, as `data.url`. */
  readonly mentions: readonly string[];
}

/** An owner reference whose uid is that of the captured owner; its name is that at the target. */
export interface CapturedOwner {
  readonly uid: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly controller: boolean | undefined;
  readonly blockOwnerDeletion: boolean | undefined;
}

export interface CapturedStatus {
  readonly value: JsonObject;
  /** Goes back through the status subresource. If not, it goes back only where the resource has no such thing and the status is a field like others. */
  readonly isNeeded: boolean;
}

export interface LeftOut {
  readonly kind: "left-out";
  readonly code: LeftOutCode;
  /** Follows "is left out: ", in the grammar of messages. */
  readonly reason: string;
}

/**
 * `child`: its owner makes it again. `cluster_made`: every cluster makes its own. `finished`: it has run to its end.
 * `runtime`: it is the state of what runs, not a wish. `credential`: it is valid for the source only. `copy`: it comes from
 * another namespace and will again. `volume`: it stands for data in storage, not for a wish. `replaced`: the restore was told to use
 * another. `renamed`: it makes no sense under another name. `outside`: it would lead out of a copy.
 */
export type LeftOutCode =
  | "child"
  | "cluster_made"
  | "copy"
  | "credential"
  | "finished"
  | "outside"
  | "renamed"
  | "replaced"
  | "runtime"
  | "volume";

export function leftOut(code: LeftOutCode, reason: string): LeftOut {
  return { kind: "left-out", code, reason };
}
