/** A database as it was recognised in a cluster. */
import type { Blueprint, SessionCommand } from "./blueprint.ts";

export interface Database {
  readonly blueprint: Blueprint | undefined;
  readonly namespace: string;
  /** What its pods belong to: `StatefulSet/db`, or `Pod/db` if to nothing. */
  readonly workload: string;
  /** In the order of their names; one at least. */
  readonly pods: readonly DatabasePod[];
  /** The container that commands are run in. */
  readonly container: string;
  /** Of all pods, each once. */
  readonly claims: readonly string[];
  /** From annotations; it takes the place of the blueprint's. */
  readonly hooks: SessionCommand | undefined;
  /** The programs that the hooks begin with, as far as that can be told from them. */
  readonly hookPrograms: readonly string[];
}

export interface DatabasePod {
  readonly name: string;
  /** Whether it can be asked. */
  readonly isReady: boolean;
  /** Those that the container mounts. */
  readonly claims: readonly string[];
}

/** What lists and points call it; hooks alone are no blueprint. */
export function blueprintName({ blueprint }: Pick<Database, "blueprint">): string {
  return blueprint?.name ?? "hooks";
}

export function sessionCommandOf({ blueprint, hooks }: Pick<Database, "blueprint" | "hooks">): SessionCommand | undefined {
  return hooks ?? blueprint?.quiesce;
}

/** For messages: `StatefulSet/db in namespace "shop"`. */
export function describeDatabase({ namespace, workload }: Pick<Database, "namespace" | "workload">): string {
  return `${workload} in namespace "${namespace}"`;
}
