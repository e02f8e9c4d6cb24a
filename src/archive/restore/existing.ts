/** What becomes of an entry that is there already, where the snapshot has one of that name that is no folder. */
import { type BigIntStats, fstatSync, lstatSync, readlinkSync } from "node:fs";
import { type Node, nodeTypeOf, statModeOf } from "../../repository/format/tree/node.ts";
import type { ScannedNode } from "../../repository/format/tree/decode.ts";
import { closeHandle, type FolderFd, openFileIn, pathIn } from "../folder-handle.ts";
import type { AttributeWriter } from "./attributes.ts";
import type { ContentCheck } from "./content-check.ts";
import type { Overwrite } from "./options.ts";

/** `gone`: there is none any more. `folder`: one is in its place. `same`: it is as the snapshot has it, its attributes perhaps aside. */
export type ExistingState = "gone" | "kept" | "same" | "other" | "folder";

export function existingState(folder: FolderFd, node: ScannedNode, overwrite: Overwrite, content: ContentCheck): ExistingState {
  const stat = lstatSync(pathIn(folder, node.name), { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return "gone";
  if (overwrite === "never" || (overwrite === "if-newer" && stat.mtimeNs >= node.mtimeNs)) return "kept";
  if (stat.isDirectory()) return "folder";
  return overwrite === "if-changed" && isSame(folder, node, stat, content) ? "same" : "other";
}

function isSame(folder: FolderFd, node: ScannedNode, stat: BigIntStats, content: ContentCheck): boolean {
  if (nodeTypeOf(Number(stat.mode)) !== node.type) return false;
  if (node.type === "file") return isSameFile(folder, node, stat, content);
  const { linkTarget = "", device } = node.decode();
  if (stat.mtimeNs !== node.mtimeNs || !hasAttributes(stat, node.decode())) return false;
  if (node.type === "symlink") return readlinkSync(pathIn(folder, node.name), { encoding: "latin1" }) === linkTarget;
  return node.type === "fifo" || stat.rdev === device;
}

function isSameFile(folder: FolderFd, node: ScannedNode, stat: BigIntStats, content: ContentCheck): boolean {
  if (stat.size !== BigInt(node.size)) return false;
  const isSameTime = stat.mtimeNs === node.mtimeNs;
  // Its other names may lie anywhere: nothing of it may be changed.
  if (stat.nlink > 1n) return isSameTime && hasAttributes(stat, node.decode());
  return isSameTime || hasContent(folder, node, content);
}

function hasContent(folder: FolderFd, node: ScannedNode, content: ContentCheck): boolean {
  const fd = openFileIn(folder, node.name);
  try {
    return fstatSync(fd).isFile() && content.has(fd, node.contentBytes());
  } finally {
    closeHandle(fd);
  }
}

function hasAttributes(stat: BigIntStats, node: Node): boolean {
  return stat.uid === BigInt(node.uid) && stat.gid === BigInt(node.gid) && Number(stat.mode) === statModeOf(node.mode);
}

/** Gives a file whose content is right the attributes of its node. Throws what the system does. */
export function updateAttributes(folder: FolderFd, node: Node, attributes: AttributeWriter): void {
  const fd = openFileIn(folder, node.name);
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (stat.isFile() && stat.nlink === 1n) attributes.update(fd, node, stat);
  } finally {
    closeHandle(fd);
  }
}
