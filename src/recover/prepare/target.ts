/** Where a restore goes: what namespaces and objects are called there. */
import type { ObjectId } from "../../kube/object-id.ts";

export interface Target {
  /** Whether it is the cluster that the point was captured in: then the originals may stand beside what is restored. */
  readonly isSameCluster: boolean;
  /** What the captured namespace is called there; the same if it is not renamed. */
  readonly namespace: (captured: string) => string;
  /** Whether anything is called otherwise there. */
  readonly changesNames: boolean;
  /** Every namespace that is called otherwise there, as captured. */
  readonly renamedNamespaces: readonly string[];
  /** What the object of this captured id is called there; the same if it is not renamed, or not restored at all. */
  readonly name: (captured: ObjectId) => string;
}

export interface TargetOptions {
  readonly isSameCluster: boolean;
  /** Captured names to those at the target; what is not named keeps its name. */
  readonly namespaces?: ReadonlyMap<string, string>;
  readonly storageClasses?: ReadonlyMap<string, string>;
  /** Put before the name of everything that is restored, but for what has its name from elsewhere. */
  readonly namePrefix?: string;
  /** Whether the restore creates this object. Asked only if there is a prefix. */
  readonly isRestored?: (captured: ObjectId) => boolean;
  /** Claims that StatefulSets make are called `<template>-<set>-<number>`. Needed only if there is a prefix. */
  readonly claimTemplates?: readonly ClaimTemplate[];
}

export interface ClaimTemplate {
  readonly namespace: string;
  readonly template: string;
  readonly statefulSet: string;
}

export function targetOf(options: TargetOptions): Target {
  const { isSameCluster, namespaces = new Map<string, string>(), storageClasses = new Map<string, string>() } = options;
  const renamed = new Map([...namespaces].filter(([captured, there]) => captured !== there));
  const namespace = (captured: string): string => renamed.get(captured) ?? captured;
  const { namePrefix = "", isRestored = () => false, claimTemplates = [] } = options;
  return {
    isSameCluster,
    changesNames: renamed.size > 0 || storageClasses.size > 0 || namePrefix !== "",
    namespace,
    renamedNamespaces: [...renamed.keys()],
    name(captured) {
      const { kind, name } = captured;
      if (kind === "Namespace") return namespace(name);
      if (kind === "StorageClass") return storageClasses.get(name) ?? name;
      if (namePrefix === "" || hasFixedName(captured) || !isRestored(captured)) return name;
      return claimName(captured, namePrefix, claimTemplates) ?? `${namePrefix}${name}`;
    },
  };
}

/** Of a reference that does not say whether it means an object of a namespace or of the cluster. */
export function referencedName(target: Target, id: ObjectId): string {
  const name = target.name(id);
  return name === id.name ? target.name({ ...id, namespace: undefined }) : name;
}

/** Kinds that are known by their names to what is not in any point. */
const NAMED_BY_OTHERS: ReadonlySet<string> = new Set([
  "CustomResourceDefinition",
  "APIService",
  "PriorityClass",
  "RuntimeClass",
  "IngressClass",
  "GatewayClass",
  "DeviceClass",
  "CSIDriver",
  "VolumeSnapshotClass",
  "VolumeGroupSnapshotClass",
  "VolumeAttributesClass",
]);

function hasFixedName({ kind, name }: ObjectId): boolean {
  return NAMED_BY_OTHERS.has(kind) || (kind === "ServiceAccount" && name === "default");
}

function claimName(captured: ObjectId, prefix: string, templates: readonly ClaimTemplate[]): string | undefined {
  if (captured.kind !== "PersistentVolumeClaim" || captured.group !== "") return undefined;
  for (const { namespace, template, statefulSet } of templates) {
    const start = `${template}-${statefulSet}-`;
    const number = captured.name.slice(start.length);
    if (namespace === captured.namespace && captured.name.startsWith(start) && /^\d+$/.test(number)) {
      return `${template}-${prefix}${statefulSet}-${number}`;
    }
  }
  return undefined;
}
