/**
 * Who owns which field of an object, and how a restore stays out of it. While it works on an object, it writes under a name of its own;
 * its last step gives the fields back. So whatever still has this name in it was left half done.
 */
import { type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../kube/json.ts";

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
 * Who owns the fields of an object that was there before: the same as then. Whoever owned some in the point and has none now gets
 * his back.
 */
export function ownersAfterChange(before: JsonObject, captured: readonly JsonValue[]): readonly JsonValue[] {
  const kept = managedFieldsOf(before).filter((entry) => textIn(entry, "manager") !== RESTORE_MANAGER);
  const known = new Set(kept.map(ownerKey));
  return [...kept, ...captured.filter((entry) => !known.has(ownerKey(entry)))];
}

function ownerKey(entry: JsonValue): string {
  return ["manager", "operation", "subresource"].map((name) => textIn(entry, name) ?? "").join(" ");
}
