/**
 * Who owns which field of an object, and how a restore stays out of it. While it works on an object, it writes under a name of its own;
 * its last step gives the fields back. So whatever still has this name in it was left half done.
 */
import { isJsonObject, type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../kube/json.ts";
import { fieldsAt, type FieldPath, union, withoutFields } from "./owned-fields.ts";

export const RESTORE_MANAGER = "holdfast-restore";

export function managedFieldsOf(object: JsonObject): readonly JsonValue[] {
  return listIn(objectIn(object, "metadata"), "managedFields");
}

export function isHalfDone(live: JsonObject): boolean {
  return managedFieldsOf(live).some((entry) => textIn(entry, "manager") === RESTORE_MANAGER);
}

/**
 * Under which name an object is created. If one manager wrote all of it, then under its name: the server then notes the very
 * ownership that is wanted, and no second request is needed.
 */
export function creatorOf(managedFields: readonly JsonValue[]): string {
  const [only, ...others] = managedFields;
  if (only === undefined || others.length > 0) return RESTORE_MANAGER;
  const isPlainWrite = textIn(only, "operation") === "Update" && textIn(only, "subresource") === undefined;
  return isPlainWrite ? (textIn(only, "manager") ?? RESTORE_MANAGER) : RESTORE_MANAGER;
}

/** Whether the fields belong to the same owners, whenever those wrote them. */
export function isSameOwnership(left: readonly JsonValue[], right: readonly JsonValue[]): boolean {
  if (left.length !== right.length) return false;
  const texts = (entries: readonly JsonValue[]): readonly string[] => entries.map(withoutTime).toSorted();
  const others = texts(right);
  return texts(left).every((text, index) => text === others[index]);
}

function withoutTime(entry: JsonValue): string {
  const { time: _time, ...rest } = entry as JsonObject;
  return JSON.stringify(rest);
}

/**
 * Who owns the fields of an object that was there before and has been changed: of what was changed, those who did in the point; of
 * all else, those who did before.
 */
export function ownersAfterChange(before: JsonObject, captured: readonly JsonValue[], changed: readonly FieldPath[]): readonly JsonValue[] {
  // Of what is half done, nobody owns anything yet.
  if (isHalfDone(before)) return captured;
  const owners = new Map<string, JsonObject>();
  for (const entry of managedFieldsOf(before).filter(isJsonObject)) {
    const fields = changed.reduce(withoutFields, objectIn(entry, "fieldsV1"));
    owners.set(ownerKey(entry), { ...entry, fieldsV1: fields });
  }
  for (const entry of captured.filter(isJsonObject)) {
    for (const path of changed) {
      const fields = fieldsAt(objectIn(entry, "fieldsV1"), path);
      if (fields === undefined) continue;
      const known = owners.get(ownerKey(entry)) ?? { ...entry, fieldsV1: {} };
      owners.set(ownerKey(entry), { ...known, fieldsV1: union(objectIn(known, "fieldsV1"), fields) });
    }
  }
  return [...owners.values()].filter((entry) => Object.keys(objectIn(entry, "fieldsV1")).length > 0);
}

/** For the server, an entry is one of a manager, operation, version and subresource. */
function ownerKey(entry: JsonObject): string {
  return ["manager", "operation", "apiVersion", "subresource"].map((name) => textIn(entry, name) ?? "").join(" ");
}
