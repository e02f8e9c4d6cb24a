/** The names in an open folder. */
import { opendirSync, readSync } from "node:fs";
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

/** A folder may have a million entries: what Node makes of each is gone before the next are read. */
const ENTRIES_AT_A_TIME = 1024;

export const NO_NAMES: NameList = { names: [], others: new Set() };

/** Of a folder that a file in it marks, only that file. Throws what readdir(3) throws. */
export function listFolder(folder: FolderFd, marks: readonly FolderMark[]): NameList {
  const names: ByteString[] = [];
  const others = new Set<ByteString>();
  using entries = opendirSync(pathOf(folder), { encoding: "latin1", bufferSize: ENTRIES_AT_A_TIME });
  for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
    const name = entry.name as ByteString;
    names.push(name);
    if (!entry.isFile()) others.add(name);
  }
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
