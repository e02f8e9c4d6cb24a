/** What refers to other objects by uid, once it is known which uids those have at the target. */
import { isJsonObject, type JsonObject, type JsonValue, objectIn } from "../../kube/json.ts";
import type { CapturedOwner, PreparedObject } from "./prepared.ts";

/** The uid at the target of what was restored for this owner, or of what stands there in its place; undefined if there is nothing. */
export type OwnerUid = (owner: CapturedOwner) => string | undefined;

/** Owners that are not at the target are left out: the garbage collector would take their objects with it. */
export function ownerReferences(owners: readonly CapturedOwner[], uidOf: OwnerUid): readonly JsonObject[] {
  return owners.flatMap((owner) => {
    const uid = uidOf(owner);
    if (uid === undefined) return [];
    const { apiVersion, kind, name, controller, blockOwnerDeletion } = owner;
    return [
      {
        apiVersion,
        kind,
        name,
        uid,
        ...(controller === undefined ? {} : { controller }),
        ...(blockOwnerDeletion === undefined ? {} : { blockOwnerDeletion }),
      },
    ];
  });
}

/**
 * Who owns which field, to be put back by a patch of nothing else: what else that patch changed would belong to whoever sends it. They
 * name owner references by uid.
 */
export function managedFields(prepared: Pick<PreparedObject, "managedFields" | "owners">, uidOf: OwnerUid): readonly JsonValue[] {
  const keys = new Map(prepared.owners.map((owner) => [ownerKey(owner.uid), uidOf(owner)]));
  return prepared.managedFields.map((entry) => {
    const fields = objectIn(entry, "fieldsV1");
    const metadata = objectIn(fields, "f:metadata");
    const owners = metadata["f:ownerReferences"];
    if (!isJsonObject(entry) || !isJsonObject(owners)) return entry;
    const rewired = Object.entries(owners).flatMap(([key, value]) => {
      if (!key.startsWith("k:")) return [[key, value] as const];
      const uid = keys.get(key);
      return uid === undefined ? [] : [[ownerKey(uid), value] as const];
    });
    return {
      ...entry,
      fieldsV1: { ...fields, "f:metadata": { ...metadata, "f:ownerReferences": Object.fromEntries(rewired) } },
    };
  });
}

/** As the server writes it into fieldsV1. */
function ownerKey(uid: string): string {
  return `k:${JSON.stringify({ uid })}`;
}
