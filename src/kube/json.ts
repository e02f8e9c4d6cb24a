/**
 * JSON that is carried, not understood: what is not known stays, and an integer that a JavaScript number cannot hold keeps its
 * digits. It is then an object that JSON.stringify() writes as those digits (`isLongInteger()` tells it).
 */

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [name: string]: JsonValue;
}

interface RawJson {
  rawJSON(text: string): JsonObject;
  isRawJSON(value: unknown): boolean;
  parse(text: string, reviver: (name: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
}

/** TypeScript does not know these parts of ECMAScript yet (proposal "JSON.parse source text access"). */
const rawJson = JSON as unknown as RawJson;

/** Integers of fewer digits are always safe. In most texts there are no longer ones, and asking is a hundred times cheaper than reviving. */
const MAYBE_UNSAFE = /(?:^|[:[,])\s*-?\d{16}/;
const INTEGER = /^-?\d+$/;

/** @throws {SyntaxError} it is not JSON */
export function parseJson(text: string): JsonValue {
  if (!MAYBE_UNSAFE.test(text)) return JSON.parse(text) as JsonValue;
  const keepDigits = (_name: string, value: unknown, { source }: { readonly source?: string }): unknown =>
    typeof value === "number" && !Number.isSafeInteger(value) && source !== undefined && INTEGER.test(source)
      ? rawJson.rawJSON(source)
      : value;
  return rawJson.parse(text, keepDigits) as JsonValue;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether it is an integer that a JavaScript number cannot hold. */
export function isLongInteger(value: JsonValue): boolean {
  return rawJson.isRawJSON(value);
}

/** The object under that name; an empty one if there is none, so that a chain of names never breaks. */
export function objectIn(value: JsonValue | undefined, name: string): JsonObject {
  const inner = isJsonObject(value) ? value[name] : undefined;
  return isJsonObject(inner) ? inner : {};
}

export function textIn(value: JsonValue | undefined, name: string): string | undefined {
  const inner = isJsonObject(value) ? value[name] : undefined;
  return typeof inner === "string" ? inner : undefined;
}

export function listIn(value: JsonValue | undefined, name: string): readonly JsonValue[] {
  const inner = isJsonObject(value) ? value[name] : undefined;
  return Array.isArray(inner) ? (inner as readonly JsonValue[]) : [];
}
