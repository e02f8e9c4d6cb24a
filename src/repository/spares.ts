/**
 * Spares: second copies, byte for byte, of the few small files that open a repository (config, key files, identity), so that none of them is
 * the only one. They are read when an original is missing, damaged, or opens nothing. restic neither reads nor writes them.
 */
import { DomainError } from "../base/errors.ts";
import type { Finding } from "../base/finding.ts";
import type { CallOptions, ObjectKey, ObjectStore, PutOptions } from "../storage/object-store.ts";
import { REPOSITORY_LIMITS } from "./format/limits.ts";
import { spareOf } from "./layout.ts";

export const REPAIR_ACCESS = 'run "holdfast repository repair access"';

/** Writes one of the files that open a repository, and then its spare. */
export async function putWithSpare(store: ObjectStore, key: ObjectKey, bytes: Uint8Array, options: PutOptions = {}): Promise<void> {
  await store.put(key, bytes, options);
  await putSpare(store, key, bytes, options);
}

export async function putSpare(store: ObjectStore, key: ObjectKey, bytes: Uint8Array, { sha256, signal }: PutOptions = {}): Promise<void> {
  await store.put(spareOf(key), bytes, { sha256, signal });
}

/** Only its reader can tell whether it is right. undefined: there is none. */
export async function readSpare(store: ObjectStore, key: ObjectKey, options: CallOptions): Promise<Uint8Array | undefined> {
  return readAccessFile(store, spareOf(key), options);
}

/** An original or a spare. undefined: there is none; empty: it is longer than any of them may be. */
export async function readAccessFile(store: ObjectStore, key: ObjectKey, options: CallOptions): Promise<Uint8Array | undefined> {
  try {
    return await store.get(key, { ...options, maxBytes: REPOSITORY_LIMITS.configBytes });
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error.code === "storage_too_long") return new Uint8Array(0);
    if (error.code !== "object_not_found") throw error;
    return undefined;
  }
}

/** Told of the file in whose place the spare opened the repository. */
export function spareUsed(key: ObjectKey): Finding {
  const message = `Cannot use "${key}": it is lost or damaged, and its spare was used instead; ${REPAIR_ACCESS}`;
  return { grade: "info", code: "spare_used", object: key, message };
}
