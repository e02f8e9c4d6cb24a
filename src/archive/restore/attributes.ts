/** Gives entries the attributes of their nodes: owner, extended attributes with ACLs, mode, times, in this order. */
import { type BigIntStats, fchmodSync, fchownSync, chmodSync, lchownSync } from "node:fs";
import type { ByteString } from "../../base/byte-string.ts";
import { fileCalls, type FileTarget } from "../../native/files.ts";
import { type ExtendedAttribute, type Node, statModeOf } from "../../repository/format/tree/node.ts";
import { type FolderFd, pathIn, pathOf } from "../folder-handle.ts";
import { readXattrs } from "../xattrs.ts";

/** What this process gives to files that it makes. */
export interface ProcessIdentity {
  readonly uid: number;
  readonly gid: number;
  readonly umask: number;
}

/** What could not be given to an entry because of who we are or where it lies; the entry is there all the same. */
export type Shortfall =
  | { readonly kind: "owner" }
  /** `code` is that of errno(3). */
  | { readonly kind: "xattr"; readonly name: ByteString; readonly code: string };

/** A whole node, or a view of one. */
export type NodeAttributes = Pick<Node, "mode" | "uid" | "gid" | "xattrs" | "atimeNs" | "mtimeNs">;

const PERMISSIONS = 0o777;
const ALL_MODE_BITS = 0o7777;
const SETUID_SETGID = 0o6000;
const UNFINISHED_MODE = 0o600;
const OWNER_WRITES = 0o200;
const NOT_ALLOWED = new Set(["EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "EINVAL"]);

export class AttributeWriter {
  readonly #self: ProcessIdentity;
  readonly #calls = fileCalls();
  /** Of the entry that was written last. */
  shortfalls: Shortfall[] = [];

  constructor(self: ProcessIdentity) {
    this.#self = self;
  }

  /**
   * The mode to make a new file with. Only if it will belong to whom it should from the start, others may read it before it is whole.
   *
   * @param inherits the folder gives an owner, a group or ACLs to new entries
   */
  modeToMake(node: NodeAttributes, inherits: boolean): number {
    // It may have to be opened a second time.
    return this.#ownsAlready(node, inherits) ? (statModeOf(node.mode) & PERMISSIONS) | OWNER_WRITES : UNFINISHED_MODE;
  }

  /** For a file made with modeToMake(). */
  finishNewFile(fd: number, node: NodeAttributes, inherits: boolean): void {
    this.shortfalls = [];
    const { xattrs } = node;
    const isOwned = this.#ownsAlready(node, inherits) || this.#tryChown(() => fchownSync(fd, node.uid, node.gid));
    if (inherits) this.#alignXattrs(fd, xattrs);
    else for (const { name, value } of xattrs) this.#setXattr(fd, name, value);
    const mode = this.#modeOf(node, isOwned);
    const made = this.modeToMake(node, inherits) & ~this.#self.umask;
    if (made !== mode || inherits || xattrs.length > 0) fchmodSync(fd, mode);
    this.#calls.setTimes(fd, node.atimeNs, node.mtimeNs);
  }

  /** For a folder, or for a file that was there already: what is right is left alone. */
  update(fd: number, node: NodeAttributes, stat: BigIntStats): void {
    this.shortfalls = [];
    const isOwned =
      (stat.uid === BigInt(node.uid) && stat.gid === BigInt(node.gid)) || this.#tryChown(() => fchownSync(fd, node.uid, node.gid));
    // The owner's change takes bits of the mode away, and an ACL sets some.
    const mayChangeMode = this.#alignXattrs(fd, node.xattrs) || stat.uid !== BigInt(node.uid) || stat.gid !== BigInt(node.gid);
    const mode = this.#modeOf(node, isOwned);
    if (mayChangeMode || (Number(stat.mode) & ALL_MODE_BITS) !== mode) fchmodSync(fd, mode);
    if (stat.mtimeNs !== node.mtimeNs) this.#calls.setTimes(fd, node.atimeNs, node.mtimeNs);
  }

  /** For an entry that is no file and no folder, which has to be named. */
  finishOther(folder: FolderFd, name: ByteString, node: Node): void {
    this.shortfalls = [];
    const path = pathIn(folder, name);
    const target = `${pathOf(folder)}/${name}` as ByteString;
    const isOwned = this.#tryChown(() => lchownSync(path, node.uid, node.gid));
    for (const { name: attribute, value } of node.xattrs) this.#setXattr(target, attribute, value);
    // A link has no mode of its own.
    if (node.type !== "symlink") chmodSync(path, this.#modeOf(node, isOwned));
    this.#calls.setTimes(target, node.atimeNs, node.mtimeNs);
  }

  #ownsAlready(node: NodeAttributes, inherits: boolean): boolean {
    return !inherits && node.uid === this.#self.uid && node.gid === this.#self.gid;
  }

  /** A program must not get the rights of somebody who never had it. */
  #modeOf(node: NodeAttributes, isOwned: boolean): number {
    const mode = statModeOf(node.mode) & ALL_MODE_BITS;
    return isOwned ? mode : mode & ~SETUID_SETGID;
  }

  #tryChown(chown: () => void): boolean {
    try {
      chown();
      return true;
    } catch (error) {
      if (!NOT_ALLOWED.has(codeOf(error))) throw error;
      this.shortfalls.push({ kind: "owner" });
      return false;
    }
  }

  #setXattr(target: FileTarget, name: ByteString, value: Uint8Array): void {
    if (this.#calls.missing.includes("xattrs")) this.shortfalls.push({ kind: "xattr", name, code: "ENOSYS" });
    else this.#tryXattr(name, () => this.#calls.setXattr(target, name, value));
  }

  /** Sets and removes what differs; gives whether anything did. */
  #alignXattrs(target: FileTarget, xattrs: readonly ExtendedAttribute[]): boolean {
    const present = readXattrs(target);
    const wanted = xattrs.filter(({ name, value }) => !present.some((own) => own.name === name && Buffer.compare(value, own.value) === 0));
    // Labels belong to the system that the file lies on; capabilities are a right.
    const extra = present.filter(({ name }) => !name.startsWith("security.") || name === "security.capability");
    const unwanted = extra.filter((own) => !xattrs.some(({ name }) => name === own.name));
    for (const { name, value } of wanted) this.#setXattr(target, name, value);
    for (const { name } of unwanted) this.#tryXattr(name, () => this.#calls.removeXattr(target, name));
    return wanted.length + unwanted.length > 0;
  }

  #tryXattr(name: ByteString, action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!NOT_ALLOWED.has(codeOf(error))) throw error;
      this.shortfalls.push({ kind: "xattr", name, code: codeOf(error) });
    }
  }
}

/** The name of a system's error, "" for any other. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string" ? error.code : "";
}
