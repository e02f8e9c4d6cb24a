/** The names in an open folder. */
import { readdirSync, readSync } from "node:fs";
import type { ByteString } from "../../base/byte-string.ts";
import { type FolderMark, hasHeader } from "../exclude.ts";
import { closeHandle, type FolderFd, openFileIn, pathOf } from "../folder-handle.ts";
import { isSystemError } from "./file-findings.ts";

/** In no order. */
export interface NameList {
  readonly names: readonly ByteString[];
  /** Those that are no files, or not known to be. */
  readonly others: ReadonlySet<ByteString>;
}

export const NO_NAMES: NameList = { names: [], others: new Set() };

/** Of a folder that a file in it marks, only that file. Throws what readdir(3) throws. */
export function listFolder(folder: FolderFd, marks: readonly FolderMark[]): NameList {
  const entries = readdirSync(pathOf(folder), { encoding: "latin1", withFileTypes: true });
  const others = new Set<ByteString>();
  const names = entries.map((entry) => {
    const name = entry.name as ByteString;
    if (!entry.isFile()) others.add(name);
    return name;
  });
  const mark = marks.find((candidate) => names.includes(candidate.fileName) && isMark(folder, candidate));
  return { names: mark === undefined ? names : [mark.fileName], others };
}

/** A file that cannot be read marks nothing. */
function isMark(folder: FolderFd, mark: FolderMark): boolean {
  if (mark.header === "") return true;
  try {
    return hasHeader(mark, firstBytes(folder, mark.fileName, mark.header.length));
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return false;
  }
}

function firstBytes(folder: FolderFd, name: ByteString, length: number): Uint8Array {
  const fd = openFileIn(folder, name);
  try {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readSync(fd, bytes, 0, length, 0));
  } finally {
    closeHandle(fd);
  }
}
