/** Makes whole files: content and attributes in one go. Synchronous; one for each thread. */
import { closeSync, fstatSync, ftruncateSync, renameSync, unlinkSync } from "node:fs";
import type { ByteString } from "../../base/byte-string.ts";
import type { ScannedNode } from "../../repository/format/tree/decode.ts";
import { createFileIn, type FolderFd, pathIn } from "../folder-handle.ts";
import { type AttributeWriter, codeOf } from "./attributes.ts";
import { FILE_INHERITS, FILE_IS_LINKED, FILE_REPLACES } from "./messages.ts";
import { DIRECT_MIN_BYTES, type FileHandles, openDirectly, writeContent, writeSparse } from "./content-write.ts";
import { temporaryName } from "./temporary-name.ts";

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
   * @returns the inode, if others are to become links to it
   * Throws what the system does; nothing half made is left then.
   */
  write(folder: FolderFd, node: ScannedNode, flags: number, content: Uint8Array): bigint {
    if ((flags & FILE_REPLACES) !== 0) return this.#replace(folder, node, flags, content);
    try {
      return this.#make(folder, node.name, node, flags, content);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      return this.#replace(folder, node, flags, content);
    }
  }

  /** Content of a file that is open elsewhere. */
  writePiece(file: FileHandles, content: Uint8Array, at: number): void {
    if (this.#sparse) writeSparse(file, content, at);
    else writeContent(file, content, at);
  }

  #replace(folder: FolderFd, node: ScannedNode, flags: number, content: Uint8Array): bigint {
    const name = temporaryName();
    const inode = this.#make(folder, name, node, flags, content);
    const path = pathIn(folder, name);
    try {
      renameSync(path, pathIn(folder, node.name));
    } catch (error) {
      unlinkSync(path);
      throw error;
    }
    return inode;
  }

  #make(folder: FolderFd, name: ByteString, node: ScannedNode, flags: number, content: Uint8Array): bigint {
    const inherits = (flags & FILE_INHERITS) !== 0;
    const mode = this.#attributes.modeToMake(node, inherits);
    const file =
      content.length < DIRECT_MIN_BYTES
        ? { fd: createFileIn(folder, name, mode), direct: undefined }
        : makeFile(folder, name, mode, content.length);
    let isWhole = false;
    try {
      this.writePiece(file, content, 0);
      // A hole at the end has to be told.
      if (this.#sparse && content.at(-1) === 0) ftruncateSync(file.fd, content.length);
      this.#attributes.finishNewFile(file.fd, node, inherits);
      const inode = (flags & FILE_IS_LINKED) === 0 ? 0n : fstatSync(file.fd, { bigint: true }).ino;
      isWhole = true;
      return inode;
    } finally {
      closeFile(file);
      if (!isWhole) unlinkSync(pathIn(folder, name));
    }
  }
}

/** All of it reads as zeros at first. Throws what the system does; nothing is left then. */
export function makeFile(folder: FolderFd, name: ByteString, mode: number, length: number): FileHandles {
  const fd = createFileIn(folder, name, mode);
  try {
    // A file that grows is for one writer at a time.
    ftruncateSync(fd, length);
    return { fd, direct: length < DIRECT_MIN_BYTES ? undefined : openDirectly(fd) };
  } catch (error) {
    closeSync(fd);
    unlinkSync(pathIn(folder, name));
    throw error;
  }
}

export function closeFile({ fd, direct }: FileHandles): void {
  if (direct !== undefined) closeSync(direct);
  closeSync(fd);
}
