/**
 * Folders by handle: whoever may write to a tree can swap a folder for a link at any moment, so nothing is reached by a path, only
 * by name in a folder that is open already. Through `/proc/self/fd`, this works with Node's own calls.
 */
import { closeSync, constants, openSync } from "node:fs";
import { fileCalls } from "../native/files.ts";
import type { ByteString } from "../base/byte-string.ts";

/** A file descriptor of a folder. Belongs to the process: other threads may use it while it is open. */
export type FolderFd = number;

const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** A fifo that took the place of a file must not hold up who opens it; it has no effect on files. */
const OPEN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const BEYOND_ASCII = /[\x80-\xff]/;

/** What calls that take a path get for an entry of an open folder. */
export function pathIn(folder: FolderFd, name: ByteString): string | Buffer {
  const path = `/proc/self/fd/${folder}/${name}`;
  return BEYOND_ASCII.test(name) ? Buffer.from(path, "latin1") : path;
}

/** The folder itself, likewise. */
export function pathOf(folder: FolderFd): string {
  return `/proc/self/fd/${folder}`;
}

/** Throws ELOOP or ENOTDIR if it is a link or anything else by now. */
export function openFolderIn(folder: FolderFd, name: ByteString): FolderFd {
  return fileCalls().openIn(folder, name, OPEN_FOLDER);
}

export function openFileIn(folder: FolderFd, name: ByteString): number {
  return fileCalls().openIn(folder, name, OPEN_FILE);
}

/** Never what is there already, be it a file, a link or anything else: throws EEXIST. @param mode less the umask */
export function createFileIn(folder: FolderFd, name: ByteString, mode: number): number {
  return fileCalls().createIn(folder, name, mode);
}

/** A folder that was named by the user: links on the way there are the user's own. */
export function openFolderAt(path: string | Buffer): FolderFd {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
}

export function closeHandle(fd: number): void {
  closeSync(fd);
}
