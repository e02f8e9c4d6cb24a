/** Among the versions of a file, the one with the right bytes. */
import { createHash } from "node:crypto";
import { DomainError } from "../../base/errors.ts";
import type { CallOptions, GetOptions, ObjectVersions, VersionInfo } from "../../storage/object-store.ts";
import { REPOSITORY_LIMITS } from "../format/limits.ts";
import { CHUNKER_KEY } from "../layout.ts";
import { contentsOf, type History } from "./history.ts";
import { promisedHash, SINGLE_FILES } from "./lockable-files.ts";

export interface FoundVersion {
  readonly info: VersionInfo;
  readonly bytes: Uint8Array;
}

export interface FindOptions extends CallOptions {
  /** Of a single file, whether these bytes are such as only a holder of the repository's key writes. @default any are */
  readonly isRight?: (bytes: Uint8Array) => boolean;
}

/** Reads versions until one is right: those first that are most likely the ones that their writer meant. */
export async function findRightVersion(
  versions: ObjectVersions,
  history: History,
  { isRight = () => true, signal }: FindOptions = {},
): Promise<FoundVersion | undefined> {
  const id = promisedHash(history.key);
  const maxBytes = id === undefined ? REPOSITORY_LIMITS.configBytes : REPOSITORY_LIMITS.packBytes;
  for (const info of inOrder(history)) {
    const bytes = await readVersion(versions, info, { maxBytes, signal });
    if (bytes !== undefined && (id === undefined ? isRight(bytes) : hasHash(bytes, id))) return { info, bytes };
  }
  return undefined;
}

/**
 * Config and identity are written once: who came later had no business to, even with bytes that look right. The chunker's parameters are
 * written anew by a repair. Files that are named by their content may lie below any number of wrong versions.
 */
function inOrder({ key, versions }: History): readonly VersionInfo[] {
  const contents = contentsOf(versions);
  if (key === CHUNKER_KEY) return contents;
  return SINGLE_FILES.includes(key) ? contents.toReversed() : [...contents.slice(0, 1), ...contents.slice(1).toReversed()];
}

export function hasHash(bytes: Uint8Array, id: string): boolean {
  return createHash("sha256").update(bytes).digest().toHex() === id;
}

/** undefined: it went since it was listed, or is longer than any of its kind may be. */
async function readVersion(versions: ObjectVersions, info: VersionInfo, options: GetOptions): Promise<Uint8Array | undefined> {
  try {
    return await versions.get(info.key, info.version, options);
  } catch (error) {
    if (error instanceof DomainError && (error.code === "object_not_found" || error.code === "storage_too_long")) return undefined;
    throw error;
  }
}
