/**
 * Walks the trees of a snapshot and makes what they say in the target: folders and special files itself, files through the writing
 * threads. One entry's mishap is a finding, and the rest goes on.
 */
import { fstatSync, lstatSync, mkdirSync, opendirSync, rmdirSync, unlinkSync } from "node:fs";
import { type ByteString, displayText } from "../../base/byte-string.ts";
import type { HexId } from "../../base/ids.ts";
import { fileCalls } from "../../native/files.ts";
import { REPOSITORY_LIMITS } from "../../repository/format/limits.ts";
import type { ScannedNode } from "../../repository/format/tree/decode.ts";
import { decodeNode } from "../../repository/format/tree/decode.ts";
import type { Node } from "../../repository/format/tree/node.ts";
import type { BlobIndex } from "../../repository/index/blob-index.ts";
import { closeHandle, type FolderFd, openFolderIn, pathIn, pathOf } from "../folder-handle.ts";
import { type AttributeWriter, codeOf, type ProcessIdentity } from "./attributes.ts";
import { ContentCheck } from "./content-check.ts";
import type { RestoreCounters } from "./counters.ts";
import { type ExistingState, existingState, updateAttributes } from "./existing.ts";
import { type Removal, removeEntry } from "./extras.ts";
import type { RestoreFindings } from "./findings.ts";
import { HardLinks, type LinkGroup, makeLink } from "./hard-links.ts";
import { FILE_INHERITS, FILE_IS_LINKED, FILE_REPLACES } from "./messages.ts";
import type { EntryAction, Overwrite } from "./options.ts";
import { makeOther } from "./other-entries.ts";
import { PieceFile, type PieceFileEnd } from "./piece-file.ts";
import { plainLength } from "./plain-length.ts";
import type { CompiledSelection } from "./selection.ts";
import { type FolderState, TargetFolder, type WaitingFolders } from "./target-folder.ts";
import { isTemporaryName } from "./temporary-name.ts";
import { blobIds, isDamage, type TreeNodes, type Trees } from "./trees.ts";
import type { WriteQueue } from "./write-queue.ts";

export interface RestoreWalkParts {
  readonly trees: Trees;
  readonly index: BlobIndex;
  readonly queue: WriteQueue;
  readonly findings: RestoreFindings;
  readonly counters: RestoreCounters;
  readonly attributes: AttributeWriter;
  readonly self: ProcessIdentity;
  readonly selection: CompiledSelection;
  readonly overwrite: Overwrite;
  readonly deleteExtra: boolean;
  readonly dryRun: boolean;
  readonly waiting: WaitingFolders;
  /** The path is made only if somebody wants it. */
  readonly tell: (action: EntryAction, path: () => string) => void;
  /** Throws when the restore is to stop. */
  readonly throwIfStopped: () => void;
}

const NO_NAMES: Set<ByteString> = new Set();
const SETGID = 0o2000;
/** Nobody else looks into a folder that is not finished. */
const UNFINISHED_FOLDER_MODE = 0o700;
const DEFAULT_ACL = "system.posix_acl_default" as ByteString;

export class RestoreWalk {
  readonly #parts: RestoreWalkParts;
  readonly #content: ContentCheck;
  readonly #links = new HardLinks();
  /** The target; undefined in a dry run if it is not there. */
  readonly #root: FolderFd | undefined;
  readonly #removal: Removal;
  readonly #pieceFileEnd: PieceFileEnd;
  readonly #groups = new Map<PieceFile, LinkGroup>();

  constructor(root: FolderFd | undefined, parts: RestoreWalkParts) {
    const { findings, counters, selection, dryRun } = parts;
    this.#root = root;
    this.#parts = parts;
    this.#content = new ContentCheck(parts.index);
    this.#removal = {
      dryRun,
      removes: (path) => selection.takes(path),
      mayRemoveBelow: (path) => selection.mayTakeBelow(path),
      removed: (path) => {
        counters.add("deleted");
        parts.tell("delete", () => shown(path));
      },
      mounted: (path) => {
        const message = `Kept "${shown(path)}", which the snapshot does not have: a file system is mounted there`;
        findings.odd("info", "mount_point_kept", shown(path), message);
      },
      failed: (path, error) => findings.failed(shown(path), error),
    };
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
    const state = this.#root === undefined ? undefined : this.#stateOf(openFolderIn(this.#root, "." as ByteString), undefined);
    const folder = new TargetFolder(undefined, "" as ByteString, state, this.#parts.waiting, () => undefined);
    await this.#walk(folder, tree, entry);
    await this.#parts.queue.finish();
  }

  async #walk(folder: TargetFolder, tree: HexId, entry: ByteString | undefined): Promise<void> {
    const { queue, findings } = this.#parts;
    try {
      const nodes = await this.#parts.trees.open(tree);
      const extras = this.#parts.deleteExtra && entry === undefined && folder.isOld ? new Set(namesIn(folder.fd)) : NO_NAMES;
      await this.#visitAll(folder, nodes, entry, extras);
      this.#removeExtras(folder, extras);
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
      if (existing === "folder" && !this.#makeWay(folder, name, path())) {
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

  async #visitFolder(parent: TargetFolder, scanned: ScannedNode, isTaken: boolean): Promise<void> {
    const { findings, counters, overwrite, dryRun } = this.#parts;
    const path = parent.pathOf(scanned.name);
    const { name, subtree } = scanned;
    if (parent.depth >= REPOSITORY_LIMITS.treeDepth) {
      findings.failedWith(path, "ENAMETOOLONG");
      return;
    }
    if (subtree === undefined) {
      findings.damaged(path, new Error("its entry names no tree"));
      return;
    }
    const opened = this.#tryTo(path, () => this.#openFolder(parent, scanned, path));
    if (opened === undefined) return;
    const { state, isNew } = opened;
    const raw = Buffer.from(scanned.raw);
    // One that is made on the way to what is selected is as in the snapshot, too.
    const isReplaced = overwrite !== "never" && (overwrite !== "if-newer" || opened.mtimeNs < scanned.mtimeNs);
    const isOurs = isNew || (isTaken && isReplaced);
    if (isNew) counters.add("folders");
    if (isNew) this.#parts.tell("create", () => path);
    const folder = new TargetFolder(parent, name, state, this.#parts.waiting, (fd) => {
      if (isOurs && !dryRun) this.#finishFolder(fd, raw, path);
    });
    await this.#walk(folder, subtree, undefined);
  }

  /** What is in its place is removed, a link never followed. Undefined if it cannot be. */
  #openFolder(
    parent: TargetFolder,
    { name }: ScannedNode,
    path: string,
  ): { readonly state: FolderState | undefined; readonly isNew: boolean; readonly mtimeNs: bigint } | undefined {
    const { dryRun, overwrite, findings } = this.#parts;
    if (!parent.exists) return { state: undefined, isNew: true, mtimeNs: 0n };
    if (parent.isOld) {
      const fd = openFolderIfOne(parent.fd, name);
      if (typeof fd === "number") {
        const { mtimeNs } = fstatSync(fd, { bigint: true });
        return { state: this.#stateOf(fd, undefined), isNew: false, mtimeNs };
      }
      if (fd === "other" && (overwrite === "never" || overwrite === "if-newer")) {
        findings.occupied(path, "something that is no folder");
        return undefined;
      }
      if (fd === "other" && !dryRun) unlinkSync(pathIn(parent.fd, name));
    }
    if (dryRun) return { state: undefined, isNew: true, mtimeNs: 0n };
    let isNew = true;
    try {
      mkdirSync(pathIn(parent.fd, name), UNFINISHED_FOLDER_MODE);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      isNew = false;
    }
    return { state: this.#stateOf(openFolderIn(parent.fd, name), isNew ? parent.inherits : undefined), isNew, mtimeNs: 0n };
  }

  /**
   * Closes the handle if it throws.
   *
   * @param parentInherits of a folder that was just made; undefined: it was there before
   */
  #stateOf(fd: FolderFd, parentInherits: boolean | undefined): FolderState {
    try {
      const { mode, gid } = fstatSync(fd);
      const isOld = parentInherits === undefined;
      const hasAcl = isOld ? fileCalls().getXattr(fd, DEFAULT_ACL) !== undefined : parentInherits;
      if (isOld && !this.#parts.dryRun) this.#removeLeftovers(fd);
      // A group other than ours says that new entries get the folder's, by its mode or by how the file system is mounted.
      return { fd, isOld, inherits: hasAcl || (mode & SETGID) !== 0 || gid !== this.#parts.self.gid };
    } catch (error) {
      closeHandle(fd);
      throw error;
    }
  }

  /** What a restore that was killed left half made. */
  #removeLeftovers(fd: FolderFd): void {
    for (const name of namesIn(fd)) if (isTemporaryName(name)) this.#tryTo(displayText(name), () => unlinkSync(pathIn(fd, name)));
  }

  #finishFolder(fd: FolderFd, raw: Uint8Array, path: string): void {
    const { attributes, findings } = this.#parts;
    this.#tryTo(path, () => {
      attributes.update(fd, decodeNode(raw), fstatSync(fd, { bigint: true }));
      findings.missed(path, attributes.shortfalls);
    });
  }

  /** Removes a folder in whose place something else is to be: an empty one, or what the snapshot does not have if that is wanted. */
  #makeWay(folder: TargetFolder, name: ByteString, path: string): boolean {
    const { deleteExtra, dryRun, findings } = this.#parts;
    if (deleteExtra) return removeEntry(folder.fd, name, `${folder.path}/${name}` as ByteString, this.#removal);
    try {
      if (!dryRun) rmdirSync(pathIn(folder.fd, name));
      return true;
    } catch (error) {
      if (codeOf(error) !== "ENOTEMPTY") throw error;
      findings.occupied(path, "a folder that is not empty");
      return false;
    }
  }

  #removeExtras(folder: TargetFolder, names: ReadonlySet<ByteString>): void {
    for (const name of names) {
      if (!isTemporaryName(name)) removeEntry(folder.fd, name, `${folder.path}/${name}` as ByteString, this.#removal);
    }
  }

  #tryTo<T>(path: string, action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (isDamage(error)) this.#parts.findings.damaged(path, error);
      else this.#parts.findings.failed(path, error);
      return undefined;
    }
  }
}

/** One after the other: there may be a million. */
function* namesIn(fd: FolderFd): Generator<ByteString, void, undefined> {
  using folder = opendirSync(pathOf(fd), { encoding: "latin1" });
  for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) yield entry.name as ByteString;
}

function openPieceFile(folder: TargetFolder, node: Node, options: ConstructorParameters<typeof PieceFile>[2]): PieceFile {
  try {
    return new PieceFile(folder, node, options);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    return new PieceFile(folder, node, { ...options, replaces: true });
  }
}

function openFolderIfOne(parent: FolderFd, name: ByteString): FolderFd | "missing" | "other" {
  try {
    return openFolderIn(parent, name);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return "missing";
    if (code === "ELOOP" || code === "ENOTDIR") return "other";
    throw error;
  }
}

function inodeOf(folder: FolderFd, name: ByteString): bigint {
  return lstatSync(pathIn(folder, name), { bigint: true }).ino;
}

function shown(path: ByteString): string {
  return displayText(path.slice(1) as ByteString);
}
