/** Values of any shape in a file that somebody wrote: what is to be put into objects. */
import type { Fields } from "../../base/fields.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../kube/json.ts";

/** Whether it is there at all, null included. */
export function hasField(fields: Fields, name: string): boolean {
  return fields.names().includes(name);
}

/** null if nothing is written after the colon. */
export function jsonOf(fields: Fields, name: string): JsonValue {
  const value = fields.raw(name) ?? null;
  if (!isJson(value)) throw fields.refusal(name, "has a number that is not kept digit by digit: write it as a text");
  return value;
}

export function jsonObjectOf(fields: Fields, name: string): JsonObject {
  const value = jsonOf(fields, name);
  if (!isJsonObject(value)) throw fields.refusal(name, "is not a mapping");
  return value;
}

/** YAML has numbers that JSON has not, and whole numbers that a JavaScript number cannot hold. */
function isJson(value: unknown): value is JsonValue {
  if (typeof value === "number") return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every(isJson);
}
