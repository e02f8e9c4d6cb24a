/** Sets of fields as managedFields have them (FieldsV1 of apimachinery): a leaf is `{}`, and `.` in a map says that the map itself is owned, too. Pure. */
import { isJsonObject, type JsonObject, type JsonValue } from "../kube/json.ts";

/** Names of maps, from the top: `["data", "key"]`. */
export type FieldPath = readonly string[];

/** The part of a set that is at this path or below; undefined: nothing of it. A map that is owned as one counts for what is in it. */
export function fieldsAt(fields: JsonObject, path: FieldPath): JsonObject | undefined {
  const [name, ...rest] = path;
  if (name === undefined) return fields;
  const inner = fields[`f:${name}`];
  if (!isJsonObject(inner)) return undefined;
  if (Object.keys(inner).length === 0) return { [`f:${name}`]: {} };
  const found = fieldsAt(inner, rest);
  return found === undefined ? undefined : { [`f:${name}`]: found };
}

export function withoutFields(fields: JsonObject, path: FieldPath): JsonObject {
  const [name, ...rest] = path;
  if (name === undefined) return {};
  const key = `f:${name}`;
  const inner = fields[key];
  if (!isJsonObject(inner)) return fields;
  const { [key]: _gone, ...others } = fields;
  if (rest.length === 0) return others;
  const left = withoutFields(inner, rest);
  const isLeaf = Object.keys(inner).length === 0;
  return isLeaf || Object.keys(left).length > 0 ? { ...others, [key]: left } : others;
}

export function union(left: JsonObject, right: JsonObject): JsonObject {
  const merged: Record<string, JsonValue> = { ...left };
  for (const [name, value] of Object.entries(right)) {
    const there = merged[name];
    merged[name] = isJsonObject(there) && isJsonObject(value) ? union(there, value) : value;
  }
  return merged;
}
