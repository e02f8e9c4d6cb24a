/** Among the versions of a file, the one with the right bytes. */
import { createHash } from "node:crypto";
import { DomainError } from "../../base/errors.ts";
import type { CallOptions, ObjectKey, ObjectVersions, VersionInfo } from "../../storage/object-store.ts";
import { CONFIG_KEY, IDENTITY_KEY } from "../layout.ts";
import { contentsOf, type History } from "./history.ts";
import { promisedHash } from "./lockable-files.ts";

export interface FoundVersion {
  readonly info: VersionInfo;
  readonly bytes: Uint8Array;
}

const ALWAYS_OLDEST: ReadonlySet<ObjectKey> = new Set([CONFIG_KEY, IDENTITY_KEY]);

export interface FindOptions extends CallOptions {
  /** Of a single file, whether these bytes are such as only a holder of the repository's key writes. @default any are */
  readonly isRight?: (bytes: Uint8Array) => boolean;
}

/**
 * The newest if it is right, else the oldest that is: files are written once, and who came later, however often, had no business to. Of config
 * and identity the oldest even then, for the same reason. Reads versions until one fits.
 */
export async function findRightVersion(
  versions: ObjectVersions,
  history: History,
  { isRight = () => true, signal }: FindOptions = {},
): Promise<FoundVersion | undefined> {
  const id = promisedHash(history.key);
  const [newest, ...older] = contentsOf(history.versions);
  if (newest === undefined) return undefined;
  for (const info of ALWAYS_OLDEST.has(history.key) ? [...older.toReversed(), newest] : [newest, ...older.toReversed()]) {
    const bytes = await readVersion(versions, info, { signal });
    if (bytes !== undefined && (id === undefined ? isRight(bytes) : hasHash(bytes, id))) return { info, bytes };
  }
  return undefined;
}

export function hasHash(bytes: Uint8Array, id: string): boolean {
  return createHash("sha256").update(bytes).digest().toHex() === id;
}

/** undefined: it went since it was listed. */
async function readVersion(versions: ObjectVersions, info: VersionInfo, options: CallOptions): Promise<Uint8Array | undefined> {
  try {
    return await versions.get(info.key, info.version, options);
  } catch (error) {
    if (error instanceof DomainError && error.code === "object_not_found") return undefined;
    throw error;
  }
}
