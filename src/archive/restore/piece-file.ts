/** A file of several blobs, which several threads write at once through one handle. */
import { fstatSync, renameSync, unlinkSync } from "node:fs";
import type { ByteString } from "../../base/byte-string.ts";
import type { Node } from "../../repository/format/tree/node.ts";
import { pathIn } from "../folder-handle.ts";
import type { AttributeWriter } from "./attributes.ts";
import type { FileHandles } from "./content-write.ts";
import { closeFile, makeFile } from "./file-writer.ts";
import type { TargetFolder } from "./target-folder.ts";
import { temporaryName } from "./temporary-name.ts";

/** What becomes of it; `failed` gets the first thing that went wrong. */
export interface PieceFileEnd {
  readonly made: (file: PieceFile, inode: bigint) => void;
  readonly failed: (file: PieceFile, error: unknown) => void;
}

export class PieceFile {
  readonly folder: TargetFolder;
  readonly node: Node;
  readonly handles: FileHandles;
  readonly #madeAs: ByteString;
  readonly #attributes: AttributeWriter;
  readonly #end: PieceFileEnd;
  /** Pieces that are not written, and the walk as long as it adds some. */
  #open = 1;
  #failure: { readonly error: unknown } | undefined;

  /** Throws what the system does. */
  constructor(
    folder: TargetFolder,
    node: Node,
    options: { readonly length: number; readonly replaces: boolean; readonly attributes: AttributeWriter; readonly end: PieceFileEnd },
  ) {
    this.folder = folder;
    this.node = node;
    this.#madeAs = options.replaces ? temporaryName() : node.name;
    this.#attributes = options.attributes;
    this.#end = options.end;
    this.handles = makeFile(folder.fd, this.#madeAs, options.attributes.modeToMake(node, folder.inherits), options.length);
    folder.hold();
  }

  get path(): string {
    return this.folder.pathOf(this.node.name);
  }

  addPiece(): void {
    this.#open++;
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** One piece is done with, or no more are added. */
  settle(): void {
    this.#open--;
    if (this.#open > 0) return;
    let inode = 0n;
    try {
      if (this.#failure === undefined) inode = this.#finish();
    } catch (error) {
      this.fail(error);
    }
    closeFile(this.handles);
    if (this.#failure === undefined) this.#putInPlace();
    else unlinkSync(pathIn(this.folder.fd, this.#madeAs));
    try {
      if (this.#failure === undefined) this.#end.made(this, inode);
      else this.#end.failed(this, this.#failure.error);
    } finally {
      this.folder.release();
    }
  }

  #finish(): bigint {
    const { fd } = this.handles;
    this.#attributes.finishNewFile(fd, this.node, this.folder.inherits);
    return this.node.links > 1 ? fstatSync(fd, { bigint: true }).ino : 0n;
  }

  #putInPlace(): void {
    if (this.#madeAs === this.node.name) return;
    const path = pathIn(this.folder.fd, this.#madeAs);
    try {
      renameSync(path, pathIn(this.folder.fd, this.node.name));
    } catch (error) {
      unlinkSync(path);
      this.fail(error);
    }
  }
}
