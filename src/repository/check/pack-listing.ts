/** Reads the list of blobs that a pack itself carries. */
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import type { CallOptions, ObjectStore } from "../../storage/object-store.ts";
import type { Cipher } from "../format/cipher.ts";
import {
  decodePackHeader,
  MAX_PACK_ENTRY_BYTES,
  PACK_TRAILER_BYTES,
  type PlacedEntry,
  readPackHeaderLength,
} from "../format/pack-header.ts";
import { keyOfFile } from "../layout.ts";

/** The header of a pack of so many blobs comes with the first request. */
const LIKELY_BLOBS = 400;
const TAIL_BYTES = LIKELY_BLOBS * MAX_PACK_ENTRY_BYTES;

/**
 * Gives the opened header.
 *
 * @param tail the end of the pack, at least all of its header
 * @throws {DomainError} corrupt/pack_header, corrupt/unauthentic
 */
export function openPackHeader(cipher: Cipher, tail: Uint8Array, packBytes: number): Uint8Array {
  const length = readPackHeaderLength(tail, packBytes);
  const end = tail.length - PACK_TRAILER_BYTES;
  if (length > end) throw new DomainError("corrupt", "pack_header", "Cannot read the header of a pack: the pack is shorter");
  return cipher.open(tail.subarray(end - length, end));
}

/**
 * Reads only the end of a pack.
 *
 * @throws {DomainError} corrupt/pack_header, corrupt/unauthentic, corrupt/storage_torn: the header is damaged
 * @throws {DomainError} not-found/object_not_found
 */
export async function readPackListing(
  store: ObjectStore,
  cipher: Cipher,
  id: HexId,
  packBytes: number,
  { signal }: CallOptions,
): Promise<PlacedEntry[]> {
  const readTail = async (bytes: number): Promise<Uint8Array> => {
    const length = Math.min(bytes, packBytes);
    return store.get(keyOfFile("data", id), { range: { offset: packBytes - length, length }, signal });
  };
  const tail = await readTail(TAIL_BYTES);
  const whole = readPackHeaderLength(tail, packBytes) + PACK_TRAILER_BYTES;
  return decodePackHeader(openPackHeader(cipher, whole <= tail.length ? tail : await readTail(whole), packBytes), packBytes);
}
