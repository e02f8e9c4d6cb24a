/** Makes whole files: content and attributes in one go. Synchronous; one for each thread. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, renameSync, unlinkSync } from "node:fs";
import type { Node } from "../../repository/format/tree/node.ts";
import { type FolderFd, pathIn } from "../folder-handle.ts";
import { type AttributeWriter, codeOf } from "./attributes.ts";
import { FILE_INHERITS, FILE_REPLACES } from "./messages.ts";
import { DIRECT_MIN_BYTES, type FileHandles, openDirectly, writeContent, writeSparse } from "./content-write.ts";
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
    let file: FileHandles;
    try {
      file = makeFile(path, this.#attributes.modeToMake(node, (flags & FILE_INHERITS) !== 0), content.length);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      return this.#replace(folder, node, flags, content);
    }
    return this.#fill(file, path, node, flags, content);
  }

  /** Content of a file that is open elsewhere. */
  writePiece(file: FileHandles, content: Uint8Array, at: number): void {
    if (this.#sparse) writeSparse(file, content, at);
    else writeContent(file, content, at);
  }

  #replace(folder: FolderFd, node: Node, flags: number, content: Uint8Array): bigint {
    const path = pathIn(folder, temporaryName());
    const file = makeFile(path, this.#attributes.modeToMake(node, (flags & FILE_INHERITS) !== 0), content.length);
    const inode = this.#fill(file, path, node, flags, content);
    try {
      renameSync(path, pathIn(folder, node.name));
    } catch (error) {
      unlinkSync(path);
      throw error;
    }
    return inode;
  }

  #fill(file: FileHandles, path: string | Buffer, node: Node, flags: number, content: Uint8Array): bigint {
    const { fd } = file;
    let isWhole = false;
    try {
      this.writePiece(file, content, 0);
      // A hole at the end has to be told.
      if (this.#sparse && content.at(-1) === 0) ftruncateSync(fd, content.length);
      this.#attributes.finishNewFile(fd, node, (flags & FILE_INHERITS) !== 0);
      const inode = node.links > 1 ? fstatSync(fd, { bigint: true }).ino : 0n;
      isWhole = true;
      return inode;
    } finally {
      closeFile(file);
      if (!isWhole) unlinkSync(path);
    }
  }
}

/** Throws what the system does; nothing is left then. @param length what it will have */
export function makeFile(path: string | Buffer, mode: number, length: number): FileHandles {
  const fd = openSync(path, MAKE_FILE, mode);
  if (length < DIRECT_MIN_BYTES) return { fd, direct: undefined };
  try {
    // All of it reads as zeros at first, and is never made longer while others write, too.
    ftruncateSync(fd, length);
    return { fd, direct: openDirectly(fd) };
  } catch (error) {
    closeSync(fd);
    unlinkSync(path);
    throw error;
  }
}

export function closeFile({ fd, direct }: FileHandles): void {
  if (direct !== undefined) closeSync(direct);
  closeSync(fd);
}
