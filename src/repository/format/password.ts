/** The password of a repository of a location, which nobody types: it follows from the location's key. */
import { hkdfSync } from "node:crypto";
import { toBase64Url } from "../../base/bytes.ts";

export const LOCATION_KEY_BYTES = 32;
/** Part of the format: another text gives another password. */
const PURPOSE = "holdfast repository v1";
const PASSWORD_BYTES = 32;
const RECORDS_PURPOSE = "holdfast location records v1";
const RECORDS_KEY_BYTES = 64;

/**
 * Gives 256 bits as base64url, for restic as well. One location's repositories have passwords that say nothing about each other.
 *
 * @param locationKey - 32 random bytes
 * @param salt - random, public, one for each repository
 */
export function deriveRepositoryPassword(locationKey: Uint8Array, salt: Uint8Array): string {
  if (locationKey.length !== LOCATION_KEY_BYTES) {
    throw new RangeError(`Cannot derive a password: the location's key has ${locationKey.length} bytes, not ${LOCATION_KEY_BYTES}`);
  }
  return toBase64Url(new Uint8Array(hkdfSync("sha256", locationKey, salt, PURPOSE, PASSWORD_BYTES)));
}

/** What the records of a location are sealed with, which are about its repositories: 64 bytes. */
export function deriveRecordsKey(locationKey: Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", locationKey, salt, RECORDS_PURPOSE, RECORDS_KEY_BYTES));
}
