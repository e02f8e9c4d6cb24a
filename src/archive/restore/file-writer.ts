/** Makes whole files: content and attributes in one go. Synchronous; one for each thread. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, renameSync, unlinkSync } from "node:fs";
import type { Node } from "../../repository/format/tree/node.ts";
import { type FolderFd, pathIn } from "../folder-handle.ts";
import { type AttributeWriter, codeOf } from "./attributes.ts";
import { FILE_INHERITS, FILE_REPLACES } from "./messages.ts";
import { writeAll, writeSparse } from "./sparse-write.ts";
import { temporaryName } from "./temporary-name.ts";

/** Never what is there already, be it a file, a link or anything else. */
const MAKE_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

export class FileWriter {
  readonly #attributes: AttributeWriter;
  readonly #sparse: boolean;

  constructor(attributes: AttributeWriter, sparse: boolean) {
    this.#attributes = attributes;
    this.#sparse = sparse;
  }

  /**
   * Until the file is whole, its name is free, or has what was there before, or has a file with another time than the node's.
   *
   * @returns the inode
   * Throws what the system does; nothing half made is left then.
   */
  write(folder: FolderFd, node: Node, flags: number, content: Uint8Array): bigint {
    if ((flags & FILE_REPLACES) !== 0) return this.#replace(folder, node, flags, content);
    const path = pathIn(folder, node.name);
    let fd: number;
    try {
      fd = openSync(path, MAKE_FILE, this.#attributes.modeToMake(node, (flags & FILE_INHERITS) !== 0));
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      return this.#replace(folder, node, flags, content);
    }
    return this.#fill(fd, path, node, flags, content);
  }

  /** Content of a file that is open elsewhere. */
  writePiece(fd: number, content: Uint8Array, at: number): void {
    if (this.#sparse) writeSparse(fd, content, at);
    else writeAll(fd, content, at);
  }

  #replace(folder: FolderFd, node: Node, flags: number, content: Uint8Array): bigint {
    const path = pathIn(folder, temporaryName());
    const fd = openSync(path, MAKE_FILE, this.#attributes.modeToMake(node, (flags & FILE_INHERITS) !== 0));
    const inode = this.#fill(fd, path, node, flags, content);
    try {
      renameSync(path, pathIn(folder, node.name));
    } catch (error) {
      unlinkSync(path);
      throw error;
    }
    return inode;
  }

  #fill(fd: number, path: string | Buffer, node: Node, flags: number, content: Uint8Array): bigint {
    let isWhole = false;
    try {
      this.writePiece(fd, content, 0);
      // A hole at the end has to be told.
      if (this.#sparse && content.at(-1) === 0) ftruncateSync(fd, content.length);
      this.#attributes.finishNewFile(fd, node, (flags & FILE_INHERITS) !== 0);
      const inode = node.links > 1 ? fstatSync(fd, { bigint: true }).ino : 0n;
      isWhole = true;
      return inode;
    } finally {
      closeSync(fd);
      if (!isWhole) unlinkSync(path);
    }
  }
}

/** Opens a file that is made piece by piece: all of it reads as zeros at first. */
export function makeFile(path: string | Buffer, mode: number, length: number): number {
  const fd = openSync(path, MAKE_FILE, mode);
  try {
    ftruncateSync(fd, length);
    return fd;
  } catch (error) {
    closeSync(fd);
    unlinkSync(path);
    throw error;
  }
}
