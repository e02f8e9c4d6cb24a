/** What an object says that it needs of another, or what it points at. */
import type { ObjectId } from "../../kube/object-id.ts";

export interface Reference {
  readonly id: ObjectId;
  /** In a few words: `storage class`, `volume`, `scales it`. */
  readonly why: string;
}

export type KindId = Pick<ObjectId, "group" | "kind">;

/** None for a name that is missing or empty: that is how fields that may be left out come. */
export function to({ group, kind }: KindId, namespace: string | undefined, name: string | undefined, why: string): readonly Reference[] {
  return name === undefined || name === "" ? [] : [{ id: { group, kind, namespace, name }, why }];
}

export const CONFIG_MAP: KindId = { group: "", kind: "ConfigMap" };
export const SECRET: KindId = { group: "", kind: "Secret" };
export const SERVICE: KindId = { group: "", kind: "Service" };
export const SERVICE_ACCOUNT: KindId = { group: "", kind: "ServiceAccount" };
export const CLAIM: KindId = { group: "", kind: "PersistentVolumeClaim" };
export const VOLUME: KindId = { group: "", kind: "PersistentVolume" };
export const STORAGE_CLASS: KindId = { group: "storage.k8s.io", kind: "StorageClass" };
