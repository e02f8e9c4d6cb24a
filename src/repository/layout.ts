/** Where things lie in a repository: restic's folders, and beside them `holdfast/`, which restic leaves alone. */
import type { HexId } from "../base/ids.ts";
import { parseObjectKey, type ObjectKey } from "../storage/object-store.ts";

/** Files that are sealed as a whole and named by the SHA-256 of their bytes. */
export type SealedFileType = "index" | "snapshots" | "locks" | "settings" | "marks" | "resume" | "ledger";

/** Everything that is named by the SHA-256 of its bytes. */
export type ContentNamedType = SealedFileType | "keys" | "spareKeys" | "data";

const FOLDERS: Readonly<Record<ContentNamedType, string>> = {
  data: "data/",
  index: "index/",
  keys: "keys/",
  locks: "locks/",
  snapshots: "snapshots/",
  settings: "holdfast/settings/",
  marks: "holdfast/marks/",
  resume: "holdfast/resume/",
  ledger: "holdfast/ledger/",
  spareKeys: "holdfast/spare/keys/",
};

const OWN_FOLDER = "holdfast/";

export const CONFIG_KEY: ObjectKey = parseObjectKey("config");
/** Plain JSON: who this repository is. */
export const IDENTITY_KEY: ObjectKey = parseObjectKey(`${OWN_FOLDER}repository.json`);
/** Sealed: the chunker's parameters once more, should a tool drop our field from `config`. */
export const CHUNKER_KEY: ObjectKey = parseObjectKey(`${OWN_FOLDER}chunker`);

/** Sealed: for each epoch, which cluster writes. */
export const WRITER_FOLDER = "holdfast/writer/";
/** Second copies of config, key files and identity: see `spares.ts`. */
export const SPARE_FOLDER = "holdfast/spare/";

const ID_FORM = /^[0-9a-f]{64}$/;

export function folderOf(type: ContentNamedType): string {
  return FOLDERS[type];
}

export function keyOfFile(type: ContentNamedType, id: HexId): ObjectKey {
  const spread = type === "data" ? `${id.slice(0, 2)}/` : "";
  return `${FOLDERS[type]}${spread}${id}` as ObjectKey;
}

/** Where the spare of a file lies that opens the repository. */
export function spareOf(key: ObjectKey): ObjectKey {
  return `${SPARE_FOLDER}${key.startsWith(OWN_FOLDER) ? key.slice(OWN_FOLDER.length) : key}` as ObjectKey;
}

/** The id in an object's key; undefined if it does not end in one, as foreign files in a bucket do not. */
export function idOfKey(key: ObjectKey): HexId | undefined {
  const name = key.slice(key.lastIndexOf("/") + 1);
  return ID_FORM.test(name) ? (name as HexId) : undefined;
}
