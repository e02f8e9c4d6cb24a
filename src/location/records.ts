/** Sealed records of a location: small JSON objects that nobody without its key can read, make or change. */
import { DomainError } from "../base/errors.ts";
import { encodeJson, type JsonFields, type JsonFileName, JsonObject } from "../repository/format/json-object.ts";
import { type CallOptions, type ObjectKey, parseObjectKey } from "../storage/object-store.ts";
import type { Location } from "./location.ts";

const VERSION = 1;
/** Of runs, a record may hold an object of a cluster, which is 1.5 MiB at most. */
const MAX_BYTES = 4 * 1024 ** 2;

/**
 * undefined: there is none.
 *
 * @throws {DomainError} corrupt: it was damaged, or moved here from another place
 * @throws {DomainError} unsupported/record_version
 */
export async function readRecord(
  { store, cipher }: Location,
  key: ObjectKey,
  kind: JsonFileName,
  options: CallOptions,
): Promise<JsonObject | undefined> {
  let sealed: Uint8Array;
  try {
    sealed = await store.get(key, { ...options, maxBytes: MAX_BYTES });
  } catch (error) {
    if (error instanceof DomainError && error.code === "object_not_found") return undefined;
    throw error;
  }
  const fields = JsonObject.parse(cipher.open(sealed), kind);
  if (fields.count("version") !== VERSION) {
    throw new DomainError("unsupported", "record_version", `Cannot read "${key}" in "${store.url}": a newer version wrote it`, {
      hint: "Use a newer Holdfast",
    });
  }
  if (fields.text("place") !== key) throw fields.fault(`it lies at "${key}", where it was not put`);
  return fields;
}

/** Gives whether it was written: one that is there is left alone. */
export async function addRecord({ store, cipher }: Location, key: ObjectKey, fields: JsonFields, options: CallOptions): Promise<boolean> {
  try {
    await store.put(key, cipher.seal(encodeJson({ version: VERSION, place: key, ...fields })), { ...options, ifAbsent: true });
    return true;
  } catch (error) {
    if (error instanceof DomainError && error.code === "object_exists") return false;
    throw error;
  }
}

export function recordKey(folder: string, name: string): ObjectKey {
  return parseObjectKey(`${folder}/${name}`);
}
