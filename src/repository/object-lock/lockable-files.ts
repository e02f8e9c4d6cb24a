/** Which files of a repository Object Lock is for, and what tells the right bytes of each. */
import type { HexId } from "../../base/ids.ts";
import type { ObjectKey } from "../../storage/object-store.ts";
import { CHUNKER_KEY, CONFIG_KEY, type ContentNamedType, folderOf, idOfKey, IDENTITY_KEY, keyOfFile, spareOf } from "../layout.ts";

/**
 * Files that are to outlive whoever has the credentials. Prune marks, resume records and ledgers are not among them: without these
 * work takes longer, and nothing is lost. Locks are never: they must be removable.
 */
const RETAINED: readonly ContentNamedType[] = ["data", "index", "snapshots", "keys", "spareKeys", "settings"];
const CONTENT_NAMED: readonly ContentNamedType[] = [...RETAINED, "marks", "resume", "ledger"];

/** Written once, under a name that says nothing of their bytes. */
export const SINGLE_FILES: readonly ObjectKey[] = [CONFIG_KEY, IDENTITY_KEY, CHUNKER_KEY, spareOf(CONFIG_KEY), spareOf(IDENTITY_KEY)];

export function isRetained(key: ObjectKey): boolean {
  return SINGLE_FILES.includes(key) || hashOfName(key, RETAINED) !== undefined;
}

/** The SHA-256 that the name of a file promises; undefined for single files, for locks, and for what is none of ours. */
export function promisedHash(key: ObjectKey): HexId | undefined {
  return hashOfName(key, CONTENT_NAMED);
}

function hashOfName(key: ObjectKey, types: readonly ContentNamedType[]): HexId | undefined {
  const id = idOfKey(key);
  return id !== undefined && types.some((type) => key.startsWith(folderOf(type)) && key === keyOfFile(type, id)) ? id : undefined;
}
