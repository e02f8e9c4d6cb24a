/** Makes symbolic links, fifos and devices. */
import { lstatSync, renameSync, symlinkSync, unlinkSync } from "node:fs";
import { type ByteString, bytesOf } from "../../base/byte-string.ts";
import { fileCalls } from "../../native/files.ts";
import { type Node, statModeOf } from "../../repository/format/tree/node.ts";
import { type FolderFd, pathIn, pathOf } from "../folder-handle.ts";
import { type AttributeWriter, codeOf } from "./attributes.ts";
import { temporaryName } from "./temporary-name.ts";

/**
 * With its attributes. Throws what the system does; nothing half made is left then.
 *
 * @param replaces whether there is an entry of that name
 * @returns the inode
 */
export function makeOther(folder: FolderFd, node: Node, replaces: boolean, attributes: AttributeWriter): bigint {
  if (replaces) return makeAndReplace(folder, node, attributes);
  try {
    make(folder, node.name, node);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    return makeAndReplace(folder, node, attributes);
  }
  return finish(folder, node.name, node, attributes);
}

function makeAndReplace(folder: FolderFd, node: Node, attributes: AttributeWriter): bigint {
  const name = temporaryName();
  make(folder, name, node);
  const inode = finish(folder, name, node, attributes);
  try {
    renameSync(pathIn(folder, name), pathIn(folder, node.name));
  } catch (error) {
    unlinkSync(pathIn(folder, name));
    throw error;
  }
  return inode;
}

function make(folder: FolderFd, name: ByteString, node: Node): void {
  if (node.type === "symlink") symlinkSync(bytesOf(node.linkTarget ?? ("" as ByteString)), pathIn(folder, name));
  else fileCalls().makeNode(`${pathOf(folder)}/${name}` as ByteString, statModeOf(node.mode), node.device);
}

function finish(folder: FolderFd, name: ByteString, node: Node, attributes: AttributeWriter): bigint {
  try {
    attributes.finishOther(folder, name, node);
    return lstatSync(pathIn(folder, name), { bigint: true }).ino;
  } catch (error) {
    unlinkSync(pathIn(folder, name));
    throw error;
  }
}
