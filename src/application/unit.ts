/** What is protected as one: a namespace whole, what is declared to be one over namespaces, or what the cluster has besides. */
import type { ObjectId } from "../kube/object-id.ts";

export type Unit = NamespaceUnit | DeclaredUnit | ClusterUnit;

export interface NamespaceUnit {
  readonly kind: "namespace";
  /** That of the namespace. */
  readonly name: string;
}

/** What matches a selector, and what those own. It leaves the units of its namespaces. */
export interface DeclaredUnit {
  readonly kind: "declared";
  readonly name: string;
  readonly namespaces: readonly string[];
  /** As the API has it: `app.kubernetes.io/part-of=shop`. */
  readonly selector: string;
}

/** What belongs to the cluster and to no other unit. */
export interface ClusterUnit {
  readonly kind: "cluster";
  readonly name: "cluster";
}

/** Something outside of a unit that it needs or that points at it. */
export interface Dependency {
  readonly id: ObjectId;
  /** Members that need it, a few of them. */
  readonly of: readonly ObjectId[];
  /** In a few words, as people are told: `storage class`, `bound to its account`, `defines its resources`. */
  readonly why: string;
}

export function namespacesOf(unit: Unit): readonly string[] {
  if (unit.kind === "cluster") return [];
  return unit.kind === "namespace" ? [unit.name] : unit.namespaces;
}
