/** Entries that take another's place are made beside it under such a name, and then renamed: what was there stays until all is well. */
import { randomBytes } from "node:crypto";
import type { ByteString } from "../../base/byte-string.ts";

const FORM = /^\.holdfast-restoring-[0-9a-f]{16}$/;
const RANDOM_BYTES = 8;

export function temporaryName(): ByteString {
  return `.holdfast-restoring-${randomBytes(RANDOM_BYTES).toHex()}` as ByteString;
}

/** Whether it is what a restore that was killed left behind. */
export function isTemporaryName(name: ByteString): boolean {
  return FORM.test(name);
}
