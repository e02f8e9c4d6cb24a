/**
 * Walks the trees of a snapshot and makes what they say in the target: folders and special files itself, files through the writing
 * threads. One entry's mishap is a finding, and the rest goes on.
 */
import { lstatSync } from "node:fs";
import type { ByteString } from "../../base/byte-string.ts";
import type { HexId } from "../../base/ids.ts";
import type { ScannedNode } from "../../repository/format/tree/decode.ts";
import type { Node } from "../../repository/format/tree/node.ts";
import type { BlobIndex } from "../../repository/index/blob-index.ts";
import { type FolderFd, pathIn } from "../folder-handle.ts";
import { codeOf } from "./attributes.ts";
import { ContentCheck } from "./content-check.ts";
import { type ExistingState, existingState, updateAttributes } from "./existing.ts";
import { FolderMaker, type FolderMakerParts, shown } from "./folder-maker.ts";
import { HardLinks, type LinkGroup, makeLink } from "./hard-links.ts";
import { FILE_INHERITS, FILE_IS_LINKED, FILE_REPLACES } from "./messages.ts";
import { makeOther } from "./other-entries.ts";
import { PieceFile, type PieceFileEnd } from "./piece-file.ts";
import { plainLength } from "./plain-length.ts";
import type { TargetFolder } from "./target-folder.ts";
import { blobIds, isDamage, type TreeNodes, type Trees } from "./trees.ts";
import type { WriteQueue } from "./write-queue.ts";

export interface RestoreWalkParts extends FolderMakerParts {
  readonly trees: Trees;
  readonly index: BlobIndex;
  readonly queue: WriteQueue;
  /** Whose attributes the target gets; undefined: they stay. */
  readonly rootNode: Uint8Array | undefined;
  /** Throws when the restore is to stop. */
  readonly throwIfStopped: () => void;
}

export class RestoreWalk {
  readonly #parts: RestoreWalkParts;
  readonly #content: ContentCheck;
  readonly #links = new HardLinks();
  /** The target; undefined in a dry run if it is not there. */
  readonly #root: FolderFd | undefined;
  readonly #folders: FolderMaker;
  readonly #pieceFileEnd: PieceFileEnd;
  readonly #groups = new Map<PieceFile, LinkGroup>();

  constructor(root: FolderFd | undefined, parts: RestoreWalkParts) {
    const { findings, counters } = parts;
    this.#root = root;
    this.#parts = parts;
    this.#content = new ContentCheck(parts.index);
    this.#folders = new FolderMaker(parts);
    this.#pieceFileEnd = {
      made: (file, inode) => {
        parts.queue.settled();
        counters.add("files");
        findings.missed(file.path, parts.attributes.shortfalls);
        this.#groups.get(file)?.settle(inode);
        this.#groups.delete(file);
      },
      failed: (file, error) => {
        parts.queue.settled();
        this.#groups.get(file)?.settle(undefined);
        this.#groups.delete(file);
        if (isDamage(error)) findings.damaged(file.path, error);
        else findings.failed(file.path, error);
      },
    };
  }

  /** @param entry only this one of the tree's entries */
  async run(tree: HexId, entry: ByteString | undefined): Promise<void> {
    await this.#walk(this.#folders.root(this.#root, this.#parts.rootNode), tree, entry);
    await this.#parts.queue.finish();
  }

  async #walk(folder: TargetFolder, tree: HexId, entry: ByteString | undefined): Promise<void> {
    const { queue, findings } = this.#parts;
    try {
      const nodes = await this.#parts.trees.open(tree);
      const extras = this.#folders.extrasOf(folder);
      await this.#visitAll(folder, nodes, entry, extras);
      if (entry === undefined) this.#folders.removeExtras(folder, extras);
      if (queue.isFull) await queue.makeRoom();
    } catch (error) {
      if (!isDamage(error)) throw error;
      findings.damaged(folder.parent === undefined ? "." : shown(folder.path), error);
    } finally {
      folder.leave();
    }
  }

  async #visitAll(folder: TargetFolder, nodes: TreeNodes, only: ByteString | undefined, extras: Set<ByteString>): Promise<void> {
    const { queue, selection, findings } = this.#parts;
    let last: ByteString | undefined;
    for (let node = nodes.next(); node !== undefined; node = nodes.next()) {
      const { name } = node;
      extras.delete(name);
      if (name === last) {
        const path = folder.pathOf(name);
        findings.odd("partial", "entry_twice", path, `Cannot restore "${path}" a second time: its folder has two entries of that name`);
        continue;
      }
      last = name;
      if (only !== undefined && name !== only) continue;
      const path = `${folder.path}/${name}` as ByteString;
      const isTaken = selection.isAll || selection.takes(path);
      if (!isTaken && (node.type !== "dir" || !selection.mayTakeBelow(path))) continue;
      this.#parts.throwIfStopped();
      if (queue.isFull) await queue.makeRoom();
      if (isTaken && !folder.ensure()) continue;
      if (node.type === "dir") await this.#visitFolder(folder, node, isTaken);
      else {
        const pieces = this.#visitEntry(folder, node);
        if (pieces !== undefined) await pieces;
      }
    }
  }

  /** A promise only for files of many blobs: a wait for each file would cost too much. */
  #visitEntry(folder: TargetFolder, node: ScannedNode): Promise<void> | undefined {
    const { findings, counters, overwrite } = this.#parts;
    const { name } = node;
    const path = (): string => folder.pathOf(name);
    try {
      const existing: ExistingState = folder.isOld ? existingState(folder.fd, node, overwrite, this.#content) : "gone";
      if (existing === "kept") {
        counters.add("skipped");
        this.#parts.tell("skip", path);
        return undefined;
      }
      const linked = this.#links.groupOf(node, folder);
      if (existing === "same" && linked?.isFirst !== false) {
        this.#keepSame(folder, node, path, linked?.group);
        return undefined;
      }
      if (existing === "folder" && !this.#folders.makeWay(folder, name)) {
        linked?.group.settle(undefined);
        return undefined;
      }
      const replaces = existing === "other" || existing === "same";
      if (linked?.isFirst === false) this.#link(linked.group, folder, node.name, replaces);
      else if (node.type === "file") return this.#visitFile(folder, node, replaces, linked?.group);
      else this.#visitOther(folder, node, replaces, linked?.group);
    } catch (error) {
      if (isDamage(error)) findings.damaged(path(), error);
      else findings.failed(path(), error);
    }
    return undefined;
  }

  #visitFile(folder: TargetFolder, node: ScannedNode, replaces: boolean, group: LinkGroup | undefined): Promise<void> | undefined {
    const { queue, findings, index, counters } = this.#parts;
    const { name } = node;
    const path = (): string => folder.pathOf(name);
    const content = node.contentBytes();
    const entries: number[] = [];
    let length = 0;
    for (const at of blobIds(content)) {
      const entry = index.find("data", content, at);
      if (entry < 0) {
        const id = content.subarray(at, at + 32).toHex();
        findings.damaged(path(), new Error(`the index does not have blob "${id}"`));
        group?.settle(undefined);
        return undefined;
      }
      entries.push(entry);
      length += plainLength(index, entry);
    }
    if (length !== node.size) {
      const message = `Restored "${path()}" with ${length} bytes, which is what is stored: its entry says ${node.size}`;
      findings.odd("partial", "file_size_differs", path(), message);
    }
    this.#parts.tell(replaces ? "replace" : "create", path);
    if (this.#parts.dryRun) {
      counters.add("files");
      counters.add("bytes", length);
      group?.settle(0n);
      return undefined;
    }
    if (entries.length < 2) {
      const flags = (replaces ? FILE_REPLACES : 0) | (folder.inherits ? FILE_INHERITS : 0) | (group === undefined ? 0 : FILE_IS_LINKED);
      const file = { folder, name: node.name, raw: Buffer.from(node.raw), flags };
      queue.addFile(group === undefined ? file : { ...file, done: (inode) => group.settle(inode) }, entries[0]);
      return undefined;
    }
    const options = { length, replaces, attributes: this.#parts.attributes, end: this.#pieceFileEnd };
    const file = openPieceFile(folder, node.decode(), options);
    queue.opened();
    if (group !== undefined) this.#groups.set(file, group);
    return this.#addPieces(file, entries);
  }

  async #addPieces(file: PieceFile, entries: readonly number[]): Promise<void> {
    const { queue, index } = this.#parts;
    let offset = 0;
    try {
      for (const entry of entries) {
        queue.addPiece(file, entry, offset);
        offset += plainLength(index, entry);
        if (queue.isFull) await queue.makeRoom();
      }
    } catch (error) {
      file.fail(error);
      throw error;
    } finally {
      file.settle();
    }
  }

  #visitOther(folder: TargetFolder, node: ScannedNode, replaces: boolean, group: LinkGroup | undefined): void {
    const { counters, findings, attributes } = this.#parts;
    const path = folder.pathOf(node.name);
    if (node.type === "socket" || node.type === "irregular") {
      const message = `Left out "${path}": a ${node.type === "socket" ? "socket" : "thing of unknown type"} cannot be restored`;
      findings.odd("info", "entry_left_out", path, message);
      return;
    }
    this.#parts.tell(replaces ? "replace" : "create", () => path);
    if (!this.#parts.dryRun) {
      const inode = makeOther(folder.fd, node.decode(), replaces, attributes);
      group?.settle(inode);
      findings.missed(path, attributes.shortfalls);
    } else group?.settle(0n);
    counters.add("others");
  }

  #keepSame(folder: TargetFolder, node: ScannedNode, path: () => string, group: LinkGroup | undefined): void {
    const { counters, findings, attributes, dryRun } = this.#parts;
    if (!dryRun && node.type === "file") {
      attributes.shortfalls = [];
      updateAttributes(folder.fd, node.decode(), attributes);
      findings.missed(path(), attributes.shortfalls);
    }
    group?.settle(inodeOf(folder.fd, node.name));
    counters.add("unchanged");
    this.#parts.tell("unchanged", path);
  }

  /** As soon as the first name is there. */
  #link(group: LinkGroup, folder: TargetFolder, name: ByteString, replaces: boolean): void {
    const { findings, counters, dryRun } = this.#parts;
    const path = folder.pathOf(name);
    folder.hold();
    group.whenSettled(() => {
      try {
        if (group.inode === undefined || this.#root === undefined || dryRun) {
          if (!dryRun) findings.occupied(path, "nothing, since the file that it is another name of could not be restored,");
          else this.#countLink(path, replaces);
        } else if (replaces && inodeOf(folder.fd, name) === group.inode) {
          counters.add("unchanged");
          this.#parts.tell("unchanged", () => path);
        } else if (makeLink(this.#root, group, folder, name, replaces)) this.#countLink(path, replaces);
        else findings.occupied(group.folder.pathOf(group.name), "something that was put there while the restore ran");
      } catch (error) {
        findings.failed(path, error);
      } finally {
        folder.release();
      }
    });
  }

  #countLink(path: string, replaces: boolean): void {
    this.#parts.counters.add("hardLinks");
    this.#parts.tell(replaces ? "replace" : "create", () => path);
  }

  async #visitFolder(parent: TargetFolder, node: ScannedNode, isTaken: boolean): Promise<void> {
    const { subtree } = node;
    if (subtree === undefined) {
      this.#parts.findings.damaged(parent.pathOf(node.name), new Error("its entry names no tree"));
      return;
    }
    const folder = this.#folders.enter(parent, node, isTaken);
    if (folder !== undefined) await this.#walk(folder, subtree, undefined);
  }
}

function openPieceFile(folder: TargetFolder, node: Node, options: ConstructorParameters<typeof PieceFile>[2]): PieceFile {
  try {
    return new PieceFile(folder, node, options);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    return new PieceFile(folder, node, { ...options, replaces: true });
  }
}

function inodeOf(folder: FolderFd, name: ByteString): bigint {
  return lstatSync(pathIn(folder, name), { bigint: true }).ino;
}
