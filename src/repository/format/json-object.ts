/**
 * Reads JSON objects that other programs wrote, and keeps of them what it does not know: what nobody asked for is given by
 * {@link JsonObject.rest}, to be written back.
 *
 * As in restic, a field that is absent or null has the zero value of its type. Every fault is corrupt/<code of the file>.
 */
import { DomainError } from "../../base/errors.ts";
import { type HexId } from "../../base/ids.ts";
import { parseTimestamp, type Timestamp } from "./timestamp.ts";

declare global {
  // In Node, and not yet in TypeScript's library: https://github.com/tc39/proposal-json-parse-with-source
  interface JSON {
    parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
    rawJSON(text: string): RawNumber;
    isRawJSON(value: unknown): value is RawNumber;
  }
}

interface RawNumber {
  readonly rawJSON: string;
}

export type JsonFields = Readonly<Record<string, unknown>>;

/** What a file is called in messages, and in the code of its errors with underscores. */
export type JsonFileName =
  | "config"
  | "key file"
  | "lock"
  | "snapshot"
  | "chunker parameters"
  | "writer record"
  | "resume record"
  | "image manifest"
  | "location"
  | "cluster record"
  | "unit record"
  | "mover work"
  | "run record"
  | "restore point";

/** Byte totals of sparse files go far; what is rounded below this still fits into 64 bits when it is written back. */
const MAX_COUNT = 2 ** 63;
const HEX_ID_FORM = /^[0-9a-f]{64}$/;

export class JsonObject {
  readonly #file: JsonFileName;
  /** Where in the file this object is: "" or "summary.". */
  readonly #place: string;
  readonly #fields: JsonFields;
  readonly #known = new Set<string>();

  /** @throws {DomainError} corrupt/<code of the file>: not an object */
  constructor(value: unknown, file: JsonFileName, place = "") {
    this.#file = file;
    this.#place = place;
    if (!isObject(value)) throw this.fault(place === "" ? "not a JSON object" : `field "${place.slice(0, -1)}" is not an object`);
    this.#fields = value;
  }

  /** @throws {DomainError} corrupt/<code of the file>: not the UTF-8 of a JSON object */
  static parse(bytes: Uint8Array, file: JsonFileName): JsonObject {
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes), keepExactNumber);
    } catch {
      // The cause quotes the text, which may be a secret.
      throw badFile(file, "not JSON");
    }
    return new JsonObject(value, file);
  }

  text(name: string): string {
    const value = this.#take(name) ?? "";
    if (typeof value !== "string") throw this.#badField(name, "is not a text");
    return value;
  }

  texts(name: string): readonly string[] {
    const value = this.#take(name) ?? [];
    if (!isTexts(value)) throw this.#badField(name, "is not a list of texts");
    return value;
  }

  flag(name: string): boolean {
    const value = this.#take(name) ?? false;
    if (typeof value !== "boolean") throw this.#badField(name, "is not true or false");
    return value;
  }

  /** An integer from 0 up to `max`, itself included; rounded beyond 2^53. */
  count(name: string, max: number = MAX_COUNT): number {
    const taken = this.#take(name) ?? 0;
    const value = JSON.isRawJSON(taken) ? Number(taken.rawJSON) : taken;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > max) {
      throw this.#badField(name, `is not an integer from 0 to ${max}`);
    }
    return value;
  }

  base64(name: string): Uint8Array {
    try {
      return Uint8Array.fromBase64(this.text(name));
    } catch (error) {
      if (error instanceof SyntaxError) throw this.#badField(name, "is not base64");
      throw error;
    }
  }

  /** undefined if absent. */
  id(name: string): HexId | undefined {
    const value = this.#take(name) ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value !== "string" || !HEX_ID_FORM.test(value)) throw this.#badField(name, "is not an id of 64 hex digits");
    return value as HexId;
  }

  requiredId(name: string): HexId {
    const id = this.id(name);
    if (id === undefined) throw this.#badField(name, "is missing");
    return id;
  }

  /** undefined if absent. */
  time(name: string): Timestamp | undefined {
    const text = this.#take(name) ?? undefined;
    if (text === undefined) return undefined;
    const time = typeof text === "string" ? parseTimestamp(text) : undefined;
    if (time === undefined) throw this.#badField(name, "is not a time as RFC 3339 writes it");
    return time;
  }

  requiredTime(name: string): Timestamp {
    const time = this.time(name);
    if (time === undefined) throw this.#badField(name, "is missing");
    return time;
  }

  /** undefined if absent. */
  object(name: string): JsonObject | undefined {
    const value = this.#take(name) ?? undefined;
    return value === undefined ? undefined : new JsonObject(value, this.#file, `${this.#place}${name}.`);
  }

  requiredObject(name: string): JsonObject {
    const object = this.object(name);
    if (object === undefined) throw this.#badField(name, "is missing");
    return object;
  }

  objects(name: string): readonly JsonObject[] {
    const value = this.#take(name) ?? [];
    if (!Array.isArray(value)) throw this.#badField(name, "is not a list");
    return value.map((item: unknown, at) => new JsonObject(item, this.#file, `${this.#place}${name}[${at}].`));
  }

  requiredText(name: string): string {
    const text = this.text(name);
    if (text === "") throw this.#badField(name, "is missing");
    return text;
  }

  /** The fields that were not asked for. */
  rest(): JsonFields {
    return Object.fromEntries(Object.entries(this.#fields).filter(([name]) => !this.#known.has(name)));
  }

  fault(state: string): DomainError {
    return badFile(this.#file, state);
  }

  #take(name: string): unknown {
    this.#known.add(name);
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
  }

  #badField(name: string, state: string): DomainError {
    return this.fault(`field "${this.#place}${name}" ${state}`);
  }
}

/** Leaves out what restic leaves out when it writes: empty texts and lists, zero, and what is undefined. */
export function withoutEmpty(fields: JsonFields): JsonFields {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => !(value === undefined || value === "" || value === 0 || isEmptyList(value))),
  );
}

export function encodeJson(fields: JsonFields): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(fields));
}

/** Numbers that JavaScript would write otherwise, above all integers beyond 2^53, stay as they were written. */
function keepExactNumber(_name: string, value: unknown, context: { readonly source?: string }): unknown {
  const { source } = context;
  return typeof value === "number" && source !== undefined && source !== String(value) ? JSON.rawJSON(source) : value;
}

function isObject(value: unknown): value is JsonFields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function badFile(file: JsonFileName, state: string): DomainError {
  return new DomainError("corrupt", file.replaceAll(" ", "_"), `Cannot read ${file}: ${state}`);
}
