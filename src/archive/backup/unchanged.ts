/** Whether what a snapshot has is still what lies in the file system, without reading contents. */
import { readdirSync, readlinkSync } from "node:fs";
import { type ByteString, byteString } from "../../base/byte-string.ts";
import { fileCalls, type FileStat } from "../../native/files.ts";
import type { ScannedNode } from "../../repository/format/tree/decode.ts";
import { encodeNode } from "../../repository/format/tree/encode.ts";
import { nodeTypeOf } from "../../repository/format/tree/node.ts";
import type { BlobIndex } from "../../repository/index/blob-index.ts";
import { type FolderFd, pathIn, pathOf } from "../folder-handle.ts";
import { nodeOf, type NodeStyle } from "../stat-node.ts";
import { readXattrs } from "../xattrs.ts";
import type { ParentFolder } from "./parent-folder.ts";

export interface UnchangedRules {
  readonly index: BlobIndex;
  readonly style: NodeStyle;
  /** What changed at or after this moment was perhaps still changing when the parent was made. */
  readonly unsureFromNs: bigint;
}

/** Of a folder in which nothing changed. */
export interface FolderTotals {
  readonly files: number;
  readonly bytes: number;
}

const ID_BYTES = 32;

/** What the content is made of must be there, too: a run that was killed may have stored a tree without it. */
export function isUnchangedFile(earlier: ScannedNode, stat: FileStat, { index, unsureFromNs, style }: UnchangedRules): boolean {
  if (earlier.type !== "file" || stat.ctimeNs >= unsureFromNs) return false;
  const same =
    earlier.size === stat.size &&
    earlier.ctimeNs === stat.ctimeNs &&
    earlier.mtimeNs === stat.mtimeNs &&
    // In volumes it is known only of files with several names.
    (earlier.inode === stat.ino || (style.volumeId !== undefined && earlier.inode === 0n)) &&
    // Device numbers are given out anew at times, and names of one file are told by them when it is restored.
    (stat.nlink === 1 || earlier.deviceId === (style.volumeId ?? stat.dev));
  return same && hasContent(earlier, index);
}

/** Whether all that a file is made of is in the repository. */
export function hasContent(file: ScannedNode, index: BlobIndex): boolean {
  const content = file.contentBytes();
  if (content.length === 0 && file.size > 0) return false;
  for (let at = 0; at < content.length; at += ID_BYTES) if (index.find("data", content, at) < 0) return false;
  return true;
}

/**
 * Whether a walk of the folder would make the parent's tree again, byte for byte. Undefined if it would not, if the folder has folders
 * in it, or if anything cannot be read: then it is to be walked. Nothing may be excluded.
 */
export function compareFolder(folder: FolderFd, parent: ParentFolder, rules: UnchangedRules): FolderTotals | undefined {
  const { statIn } = fileCalls();
  let files = 0;
  let bytes = 0;
  try {
    const names = readdirSync(pathOf(folder), { encoding: "latin1" }) as ByteString[];
    for (const name of names.toSorted()) {
      const earlier = parent.next();
      if (earlier?.name !== name || earlier.type === "dir") return undefined;
      const stat = statIn(folder, name);
      if (earlier.type !== "file") {
        if (byteString(earlier.raw) !== currentNode(folder, name, stat, rules.style)) return undefined;
      } else if (isUnchangedFile(earlier, stat, rules)) {
        files++;
        bytes += stat.size;
      } else {
        return undefined;
      }
    }
    return parent.next() === undefined && parent.isWhole ? { files, bytes } : undefined;
  } catch (error) {
    if (error instanceof Error && "syscall" in error) return undefined;
    throw error;
  }
}

/** Of what is neither file nor folder. */
function currentNode(folder: FolderFd, name: ByteString, stat: FileStat, style: NodeStyle): ByteString | undefined {
  const type = nodeTypeOf(stat.mode);
  if (type === "file" || type === "dir" || type === "socket") return undefined;
  const xattrs = readXattrs(`${pathOf(folder)}/${name}` as ByteString);
  if (type !== "symlink") return encodeNode(nodeOf(name, stat, style, { xattrs }));
  const linkTarget = readlinkSync(pathIn(folder, name), { encoding: "latin1" }) as ByteString;
  return encodeNode(nodeOf(name, stat, style, { xattrs, linkTarget }));
}
