/** JSON Patch, RFC 6902: the library changes a copy. */
import { applyPatch, type Operation } from "rfc6902";
import type { Fields } from "../../base/fields.ts";
import { isLongInteger, type JsonObject, type JsonValue, parseJson } from "../../kube/json.ts";
import { hasField, jsonOf } from "./json-fields.ts";

const OPERATIONS = ["add", "remove", "replace", "move", "copy", "test"] as const;
const POINTER = /^(?:\/(?:[^~/]|~[01])*)+$/;
/** Names that lead out of an object. The library steps over them. */
const PROTOTYPE = /(?:^|\/)(?:__proto__|constructor|prototype)(?:\/|$)/;

export type JsonPatch = readonly Operation[];

/** @throws {DomainError} usage/transform_file */
export function readJsonPatch(fields: Fields, name: string): JsonPatch {
  const operations = fields.mappings(name).map(operationOf);
  if (operations.length === 0) throw fields.refusal(name, "has no operation");
  return operations;
}

/** @throws {Error} which operation failed and why, without a value of the object */
export function applyJsonPatch(object: JsonObject, patch: JsonPatch): JsonObject {
  const copy = copied(object);
  for (const [index, operation] of patch.entries()) {
    const [failure] = applyPatch(copy, [operation]);
    if (failure === null || failure === undefined) continue;
    const where = `operation ${index + 1} (${operation.op} ${operation.path})`;
    const path = "path" in failure ? failure.path : operation.path;
    throw new Error(operation.op === "test" ? `${where}: there is another value, or none` : `${where}: there is nothing at ${path}`);
  }
  return restored(copy) as JsonObject;
}

function operationOf(fields: Fields): Operation {
  const op = fields.oneOf("op", OPERATIONS);
  if (op === undefined) throw fields.refusal("op", "is missing");
  const isCopy = op === "copy" || op === "move";
  const hasValue = op === "add" || op === "replace" || op === "test";
  fields.onlyHas(["op", "path", ...(isCopy ? ["from"] : []), ...(hasValue ? ["value"] : [])]);
  const path = pointerOf(fields, "path");
  if (isCopy) return { op, from: pointerOf(fields, "from"), path };
  if (!hasValue) return { op, path };
  if (!hasField(fields, "value")) throw fields.refusal("value", "is missing");
  return { op, path, value: jsonOf(fields, "value") };
}

function pointerOf(fields: Fields, name: string): string {
  const pointer = fields.requiredText(name);
  if (!POINTER.test(pointer) || PROTOTYPE.test(pointer)) throw fields.refusal(name, 'is no path such as "/spec/replicas"');
  return pointer;
}

/** The library copies values by their fields, and so would lose integers that are kept as digits. */
const LONG_INTEGER = "\u0000integer:";

function copied(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null) return value;
  if (isLongInteger(value)) return `${LONG_INTEGER}${JSON.stringify(value)}`;
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(copied);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, copied(inner)]));
}

function restored(value: JsonValue): JsonValue {
  if (typeof value === "string") return value.startsWith(LONG_INTEGER) ? parseJson(value.slice(LONG_INTEGER.length)) : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(restored);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, restored(inner)]));
}
