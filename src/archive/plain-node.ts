/** Nodes of what lies in no file system: root's, without numbers that join names of one file. */
import type { ByteString } from "../base/byte-string.ts";
import { goModeOf, type Node, nodeTypeOf } from "../repository/format/tree/node.ts";
import type { NodeParts } from "./stat-node.ts";

export interface PlainAttributes {
  /** As st_mode. */
  readonly mode: number;
  readonly timeNs: bigint;
}

export function plainNode(
  name: ByteString,
  { mode, timeNs }: PlainAttributes,
  { size = 0, ...content }: Pick<NodeParts, "content" | "size" | "subtree">,
): Node {
  const type = nodeTypeOf(mode);
  return {
    name,
    type,
    mode: goModeOf(mode),
    mtimeNs: timeNs,
    atimeNs: timeNs,
    ctimeNs: timeNs,
    uid: 0,
    gid: 0,
    user: "",
    group: "",
    inode: 0n,
    deviceId: 0n,
    size,
    links: type === "file" ? 1 : 0,
    xattrs: [],
    device: 0n,
    ...content,
  };
}
