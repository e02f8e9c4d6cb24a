/** Nodes of trees for people and for programs. */
import { type ByteString, bytesOf, displayText } from "../../base/byte-string.ts";
import { isUtf8 } from "node:buffer";
import { GoTimeFormat } from "../../repository/format/tree/go-time.ts";
import { type Node, type NodeType, statModeOf } from "../../repository/format/tree/node.ts";

/** As ls(1) shows them. */
const TYPE_LETTERS: Readonly<Record<NodeType, string>> = {
  file: "-",
  dir: "d",
  symlink: "l",
  dev: "b",
  chardev: "c",
  fifo: "p",
  socket: "s",
  irregular: "?",
};
const TIME = new GoTimeFormat();

/** "-rwsr-xr-x" */
export function modeText({ type, mode }: Pick<Node, "type" | "mode">): string {
  const bits = statModeOf(mode);
  const triple = (shift: number, special: number, letter: string): string => {
    const three = bits >> shift;
    const executes = (three & 1) !== 0;
    const last = (bits & special) === 0 ? (executes ? "x" : "-") : executes ? letter : letter.toUpperCase();
    return `${(three & 4) === 0 ? "-" : "r"}${(three & 2) === 0 ? "-" : "w"}${last}`;
  };
  return `${TYPE_LETTERS[type]}${triple(6, 0o4000, "s")}${triple(3, 0o2000, "s")}${triple(0, 0o1000, "t")}`;
}

/** `pathBytes`, base64, only where the path is not UTF-8. */
export function nodeJsonFields(path: ByteString, node: Node): Readonly<Record<string, unknown>> {
  const bytes = bytesOf(path);
  return {
    path: isUtf8(bytes) ? bytes.toString("utf8") : displayText(path),
    ...(isUtf8(bytes) ? {} : { pathBytes: bytes.toString("base64") }),
    type: node.type,
    ...(node.type === "file" ? { size: node.size } : {}),
    mode: statModeOf(node.mode),
    permissions: modeText(node),
    uid: node.uid,
    gid: node.gid,
    ...(node.user === "" ? {} : { user: node.user }),
    ...(node.group === "" ? {} : { group: node.group }),
    mtime: TIME.format(node.mtimeNs),
    ...(node.links > 1 ? { links: node.links, inode: String(node.inode) } : {}),
    ...(node.linkTarget === undefined ? {} : { linkTarget: displayText(node.linkTarget) }),
  };
}
