/** Removes entries of the target, with all below them: through handles, and never what is mounted there. */
import { lstatSync, readdirSync, readFileSync, rmdirSync, unlinkSync } from "node:fs";
import { constants } from "node:os";
import type { ByteString } from "../../base/byte-string.ts";
import { closeHandle, type FolderFd, openFolderIn, pathIn, pathOf } from "../folder-handle.ts";
import { systemError } from "../../native/errno.ts";
import { REPOSITORY_LIMITS } from "../../repository/format/limits.ts";

export interface Removal {
  /** Looks, and removes nothing. */
  readonly dryRun: boolean;
  readonly removes: (path: ByteString) => boolean;
  readonly mayRemoveBelow: (path: ByteString) => boolean;
  readonly removed: (path: ByteString) => void;
  /** A mount point is kept. */
  readonly mounted: (path: ByteString) => void;
  readonly failed: (path: ByteString, error: unknown) => void;
}

/**
 * @param path of the entry, for `removal`
 * @returns whether nothing of it is left
 */
export function removeEntry(folder: FolderFd, name: ByteString, path: ByteString, removal: Removal, depth = 0): boolean {
  try {
    if (depth > REPOSITORY_LIMITS.treeDepth) throw systemError(constants.errno.ENAMETOOLONG, "rmdir");
    if (lstatSync(pathIn(folder, name)).isDirectory()) return removeFolder(folder, name, path, removal, depth);
    if (!removal.removes(path)) return false;
    if (!removal.dryRun) unlinkSync(pathIn(folder, name));
    removal.removed(path);
    return true;
  } catch (error) {
    removal.failed(path, error);
    return false;
  }
}

function removeFolder(folder: FolderFd, name: ByteString, path: ByteString, removal: Removal, depth: number): boolean {
  const isWanted = removal.removes(path);
  if (!isWanted && !removal.mayRemoveBelow(path)) return false;
  const fd = openFolderIn(folder, name);
  let isEmpty = true;
  try {
    if (mountOf(fd) !== mountOf(folder)) {
      removal.mounted(path);
      return false;
    }
    for (const entry of readdirSync(pathOf(fd), { encoding: "latin1" }) as ByteString[]) {
      if (!removeEntry(fd, entry, `${path}/${entry}` as ByteString, removal, depth + 1)) isEmpty = false;
    }
  } finally {
    closeHandle(fd);
  }
  if (!isEmpty || !isWanted) return false;
  if (!removal.dryRun) rmdirSync(pathIn(folder, name));
  removal.removed(path);
  return true;
}

/** Which mount a folder lies on, proc_pid_fdinfo(5): a folder that is mounted a second time has the same device number. */
function mountOf(fd: FolderFd): string | undefined {
  return /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1];
}
