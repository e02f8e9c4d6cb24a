/** What the file system says about an entry, as a node of a tree. */
import type { ByteString } from "../base/byte-string.ts";
import type { FileStat } from "../native/files.ts";
import type { HexId } from "../base/ids.ts";
import { type ExtendedAttribute, goModeOf, type Node, type NodeType, nodeTypeOf } from "../repository/format/tree/node.ts";
import type { OwnerNames } from "./owner-names.ts";

/** How entries become nodes. */
export interface NodeStyle {
  readonly names: OwnerNames;
  /**
   * Of a volume: stands for its file system, whatever number that has on this node. Numbers of entries are written only where they join
   * several names of one file, so that copies of a volume have the same trees.
   */
  readonly volumeId?: bigint | undefined;
}

export interface NodeParts {
  readonly xattrs: readonly ExtendedAttribute[];
  readonly content?: readonly HexId[];
  /** Bytes read, which is what the content has, whatever stat said before. */
  readonly size?: number;
  readonly subtree?: HexId;
  readonly linkTarget?: ByteString;
}

/** The types that can have several names; restic writes the count for these only. */
const LINKABLE: ReadonlySet<NodeType> = new Set(["file", "symlink", "dev", "chardev"]);

/** As restic writes it: the time of access is not kept, so that reading a file does not change its node. */
export function nodeOf(name: ByteString, stat: FileStat, { names, volumeId }: NodeStyle, parts: NodeParts): Node {
  const { mode, uid, gid } = stat;
  const type = nodeTypeOf(mode);
  const isNumbered = volumeId === undefined || (LINKABLE.has(type) && stat.nlink > 1);
  return {
    name,
    type,
    mode: goModeOf(mode),
    mtimeNs: stat.mtimeNs,
    atimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
    uid,
    gid,
    user: names.users.get(uid) ?? "",
    group: names.groups.get(gid) ?? "",
    inode: isNumbered ? stat.ino : 0n,
    deviceId: isNumbered ? (volumeId ?? stat.dev) : 0n,
    size: parts.size ?? 0,
    links: LINKABLE.has(type) ? stat.nlink : 0,
    xattrs: parts.xattrs,
    device: type === "dev" || type === "chardev" ? stat.rdev : 0n,
    ...(parts.content === undefined ? {} : { content: parts.content }),
    ...(parts.subtree === undefined ? {} : { subtree: parts.subtree }),
    ...(parts.linkTarget === undefined ? {} : { linkTarget: parts.linkTarget }),
  };
}
