/** Tells the right bytes of the files whose names say nothing of them. */
import type { ObjectKey } from "../../storage/object-store.ts";
import { parseIdentity } from "../identity.ts";
import { IDENTITY_KEY, spareOf } from "../layout.ts";
import type { Repository } from "../repository.ts";

/** For config and chunker: this repository's key sealed them. For the identity: it is the one that the repository was opened with, if any. */
export function isRightFile({ cipher, identity, store }: Repository, key: ObjectKey, bytes: Uint8Array): boolean {
  try {
    if (key === IDENTITY_KEY || key === spareOf(IDENTITY_KEY)) {
      const { id } = parseIdentity(bytes, store.url);
      return identity === undefined || id === identity.id;
    }
    cipher.open(bytes);
    return true;
  } catch {
    return false;
  }
}
