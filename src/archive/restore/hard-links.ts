/** Names of one file, as inode and device say, within a restore: the first is made, the others become links to it. */
import { linkSync, lstatSync, renameSync, unlinkSync } from "node:fs";
import type { ByteString } from "../../base/byte-string.ts";
import type { ScannedNode } from "../../repository/format/tree/decode.ts";
import { closeHandle, type FolderFd, pathIn } from "../folder-handle.ts";
import { codeOf } from "./attributes.ts";
import type { TargetFolder } from "./target-folder.ts";
import { temporaryName } from "./temporary-name.ts";

export class LinkGroup {
  readonly folder: TargetFolder;
  readonly name: ByteString;
  readonly content: string;
  #inode: bigint | "awaited" | "failed" = "awaited";
  readonly #waiting: (() => void)[] = [];

  constructor(folder: TargetFolder, name: ByteString, content: string) {
    this.folder = folder;
    this.name = name;
    this.content = content;
  }

  /** Undefined if it failed, or is not made yet. */
  get inode(): bigint | undefined {
    return typeof this.#inode === "bigint" ? this.#inode : undefined;
  }

  /** @param inode undefined: it failed */
  settle(inode: bigint | undefined): void {
    if (this.#inode !== "awaited") return;
    this.#inode = inode ?? "failed";
    for (const action of this.#waiting.splice(0)) action();
  }

  /** At once if it is settled. */
  whenSettled(action: () => void): void {
    if (this.#inode === "awaited") this.#waiting.push(action);
    else action();
  }
}

export class HardLinks {
  readonly #groups = new Map<string, LinkGroup>();

  /** Undefined for an entry that has no other names, or whose others are not known. `isFirst`: it is the one to be made. */
  groupOf(node: ScannedNode, folder: TargetFolder): { readonly group: LinkGroup; readonly isFirst: boolean } | undefined {
    if (node.links < 2 || node.inode === 0n) return undefined;
    const key = `${node.type} ${node.deviceId} ${node.inode}`;
    // Trees of several file systems may have equal numbers: what differs otherwise is not the same file.
    const content = `${node.size} ${node.mtimeNs} ${node.contentBytes().subarray(0, 32).toHex()}`;
    const known = this.#groups.get(key);
    if (known !== undefined) return known.content === content ? { group: known, isFirst: false } : undefined;
    const group = new LinkGroup(folder, node.name, content);
    this.#groups.set(key, group);
    return { group, isFirst: true };
  }
}

/**
 * Makes a name of a file that is made. Throws what the system does.
 *
 * @param root the target
 * @param replaces whether there is an entry of that name
 * @returns false if something else took the place of the file meanwhile; there is no new name then
 */
export function makeLink(root: FolderFd, group: LinkGroup, folder: TargetFolder, name: ByteString, replaces: boolean): boolean {
  const from = group.folder.reopen(root);
  try {
    if (replaces) return linkAndReplace(from, group, folder, name);
    const path = pathIn(folder.fd, name);
    linkSync(pathIn(from, group.name), path);
    return keepIfSame(path, group);
  } catch (error) {
    if (replaces || codeOf(error) !== "EEXIST") throw error;
    return linkAndReplace(from, group, folder, name);
  } finally {
    closeHandle(from);
  }
}

function linkAndReplace(from: FolderFd, group: LinkGroup, folder: TargetFolder, name: ByteString): boolean {
  const path = pathIn(folder.fd, temporaryName());
  linkSync(pathIn(from, group.name), path);
  if (!keepIfSame(path, group)) return false;
  try {
    renameSync(path, pathIn(folder.fd, name));
  } catch (error) {
    unlinkSync(path);
    throw error;
  }
  // rename(2) does nothing if both are names of the same file already.
  removeIfThere(path);
  return true;
}

function keepIfSame(path: string | Buffer, group: LinkGroup): boolean {
  if (lstatSync(path, { bigint: true }).ino === group.inode) return true;
  unlinkSync(path);
  return false;
}

function removeIfThere(path: string | Buffer): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}
