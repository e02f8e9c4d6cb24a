/** The folders of a restore: makes or opens them, clears what is in their way or not wanted in them, and gives them their attributes. */
import { fstatSync, lstatSync, mkdirSync, opendirSync, rmdirSync, unlinkSync } from "node:fs";
import { type ByteString, displayText } from "../../base/byte-string.ts";
import { fileCalls } from "../../native/files.ts";
import { REPOSITORY_LIMITS } from "../../repository/format/limits.ts";
import { decodeNode, type ScannedNode } from "../../repository/format/tree/decode.ts";
import { closeHandle, type FolderFd, openFolderIn, pathIn, pathOf } from "../folder-handle.ts";
import { type AttributeWriter, codeOf, type ProcessIdentity } from "./attributes.ts";
import type { RestoreCounters } from "./counters.ts";
import { type Removal, removeEntry } from "./extras.ts";
import type { RestoreFindings } from "./findings.ts";
import type { EntryAction, Overwrite } from "./options.ts";
import type { CompiledSelection } from "./selection.ts";
import { type FolderState, type OpenFolder, TargetFolder, type WaitingFolders } from "./target-folder.ts";
import { isTemporaryName } from "./temporary-name.ts";
import { isDamage } from "./trees.ts";

export interface FolderMakerParts {
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
}

/** What of a folder's node decides how it is opened. */
interface WantedFolder {
  readonly name: ByteString;
  readonly mtimeNs: bigint;
  readonly isTaken: boolean;
  readonly path: string;
}

const NO_NAMES: Set<ByteString> = new Set();
const SETGID = 0o2000;
/** Nobody else looks into a folder that is not finished. */
const UNFINISHED_FOLDER_MODE = 0o700;
const DEFAULT_ACL = "system.posix_acl_default" as ByteString;

export class FolderMaker {
  readonly #parts: FolderMakerParts;
  readonly #removal: Removal;

  constructor(parts: FolderMakerParts) {
    const { findings, counters, selection, dryRun } = parts;
    this.#parts = parts;
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
  }

  /**
   * The target.
   *
   * @param fd undefined: it is not there, in a dry run
   * @param raw node whose attributes it gets; undefined: they stay
   */
  root(fd: FolderFd | undefined, raw: Uint8Array | undefined): TargetFolder {
    const state = fd === undefined ? "planned" : this.#openedAs(openFolderIn(fd, "." as ByteString), undefined, raw !== undefined);
    const finish = (open: FolderFd): void => (raw === undefined ? undefined : this.#finish(open, raw, "."));
    return new TargetFolder(undefined, "" as ByteString, { state, waiting: this.#parts.waiting, finish });
  }

  /**
   * One that is not taken itself, but may have something below it that is, is made when there is such a thing.
   *
   * @returns undefined, and a finding, if it cannot be
   */
  enter(parent: TargetFolder, node: ScannedNode, isTaken: boolean): TargetFolder | undefined {
    const { findings, waiting } = this.#parts;
    const { name, mtimeNs } = node;
    const path = parent.pathOf(name);
    if (parent.depth >= REPOSITORY_LIMITS.treeDepth) {
      findings.failedWith(path, "ENAMETOOLONG");
      return undefined;
    }
    const raw = Buffer.from(node.raw);
    const wanted = { name, mtimeNs, isTaken, path };
    const open = (): FolderState => this.#tryTo(path, () => this.#open(parent, wanted)) ?? "failed";
    const state = isTaken || (parent.isOld && isFolder(parent.fd, name)) ? open() : open;
    if (state === "failed") return undefined;
    return new TargetFolder(parent, name, { state, waiting, finish: (fd) => this.#finish(fd, raw, path) });
  }

  /** What is there already, of which the snapshot's entries are to be taken out, if the others are to be removed. */
  extrasOf(folder: TargetFolder): Set<ByteString> {
    return this.#parts.deleteExtra && folder.isOld ? new Set(namesIn(folder.fd)) : NO_NAMES;
  }

  removeExtras(folder: TargetFolder, names: ReadonlySet<ByteString>): void {
    for (const name of names) {
      if (!isTemporaryName(name)) removeEntry(folder.fd, name, `${folder.path}/${name}` as ByteString, this.#removal);
    }
  }

  /** Removes a folder in whose place something else is to be: an empty one, or what the snapshot does not have if that is wanted. */
  makeWay(folder: TargetFolder, name: ByteString): boolean {
    const { deleteExtra, dryRun, findings } = this.#parts;
    if (deleteExtra) return removeEntry(folder.fd, name, `${folder.path}/${name}` as ByteString, this.#removal);
    try {
      if (!dryRun) rmdirSync(pathIn(folder.fd, name));
      return true;
    } catch (error) {
      if (codeOf(error) !== "ENOTEMPTY") throw error;
      findings.occupied(folder.pathOf(name), "a folder that is not empty");
      return false;
    }
  }

  /** What is in its place is removed, a link never followed. */
  #open(parent: TargetFolder, { name, mtimeNs, isTaken, path }: WantedFolder): FolderState {
    const { dryRun, overwrite, findings } = this.#parts;
    if (parent.isOld) {
      const fd = openFolderIfOne(parent.fd, name);
      if (typeof fd === "number") {
        const isReplaced = overwrite !== "never" && (overwrite !== "if-newer" || fstatSync(fd, { bigint: true }).mtimeNs < mtimeNs);
        return this.#openedAs(fd, undefined, isTaken && isReplaced);
      }
      if (fd === "other" && (overwrite === "never" || overwrite === "if-newer")) {
        findings.occupied(path, "something that is no folder");
        return "failed";
      }
      if (fd === "other" && !dryRun) unlinkSync(pathIn(parent.fd, name));
    }
    const made = dryRun ? "planned" : this.#make(parent, name, isTaken);
    if (made === "planned" || !made.isOld) {
      this.#parts.counters.add("folders");
      this.#parts.tell("create", () => path);
    }
    return made;
  }

  #make(parent: TargetFolder, name: ByteString, isTaken: boolean): OpenFolder {
    try {
      mkdirSync(pathIn(parent.fd, name), UNFINISHED_FOLDER_MODE);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      return this.#openedAs(openFolderIn(parent.fd, name), undefined, isTaken && this.#parts.overwrite !== "never");
    }
    // One that is made on the way to what is selected is as in the snapshot, too.
    return this.#openedAs(openFolderIn(parent.fd, name), parent.inherits, true);
  }

  /**
   * Closes the handle if it throws.
   *
   * @param parentInherits of a folder that was just made; undefined: it was there before
   */
  #openedAs(fd: FolderFd, parentInherits: boolean | undefined, isOurs: boolean): OpenFolder {
    try {
      const { mode, gid } = fstatSync(fd);
      const isOld = parentInherits === undefined;
      const hasAcl = isOld ? fileCalls().getXattr(fd, DEFAULT_ACL) !== undefined : parentInherits;
      if (isOld && !this.#parts.dryRun) this.#removeLeftovers(fd);
      // A group other than ours says that new entries get the folder's, by its mode or by how the file system is mounted.
      return { fd, isOld, inherits: hasAcl || (mode & SETGID) !== 0 || gid !== this.#parts.self.gid, isOurs };
    } catch (error) {
      closeHandle(fd);
      throw error;
    }
  }

  /** What a restore that was killed left half made. */
  #removeLeftovers(fd: FolderFd): void {
    for (const name of namesIn(fd)) if (isTemporaryName(name)) this.#tryTo(displayText(name), () => unlinkSync(pathIn(fd, name)));
  }

  #finish(fd: FolderFd, raw: Uint8Array, path: string): void {
    const { attributes, findings, dryRun } = this.#parts;
    if (dryRun) return;
    this.#tryTo(path, () => {
      attributes.update(fd, decodeNode(raw), fstatSync(fd, { bigint: true }));
      findings.missed(path, attributes.shortfalls);
    });
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

/** What keeps us from looking is told when it is opened. */
function isFolder(parent: FolderFd, name: ByteString): boolean {
  try {
    return lstatSync(pathIn(parent, name)).isDirectory();
  } catch (error) {
    if (codeOf(error) === "") throw error;
    return false;
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

/** A path from the target on, for people. */
export function shown(path: ByteString): string {
  return displayText(path.slice(1) as ByteString);
}
