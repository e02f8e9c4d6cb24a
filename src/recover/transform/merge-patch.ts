/** JSON Merge Patch, RFC 7386. */
import { isJsonObject, type JsonObject, type JsonValue } from "../../kube/json.ts";

export function mergePatch(object: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(object));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, patched(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}

function patched(value: JsonValue | undefined, patch: JsonValue): JsonValue {
  return isJsonObject(patch) ? mergePatch(isJsonObject(value) ? value : {}, patch) : patch;
}
