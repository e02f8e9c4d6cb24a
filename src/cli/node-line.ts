/** A file of a snapshot as a line for people, as ls(1) has it. */
import { modeText } from "../archive/reading/node-text.ts";
import { type ByteString, displayText } from "../base/byte-string.ts";
import { formatBytes } from "../base/byte-size.ts";
import type { Node } from "../repository/format/tree/node.ts";
import { localTime, shownText } from "./shown.ts";

const OWNER_COLUMNS = 17;
const SIZE_COLUMNS = 8;
const NS_PER_MS = 1_000_000n;

export function nodeLine(path: ByteString, node: Node, long: boolean): string {
  if (!long) return displayText(path);
  const owner = `${ownerText(node.user, node.uid)}:${ownerText(node.group, node.gid)}`.padEnd(OWNER_COLUMNS);
  const size = (node.type === "file" ? formatBytes(node.size) : "").padStart(SIZE_COLUMNS);
  const target = node.linkTarget === undefined ? "" : ` -> ${displayText(node.linkTarget)}`;
  return `${modeText(node)} ${owner} ${size}  ${localTime(Number(node.mtimeNs / NS_PER_MS))}  ${displayText(path)}${target}`;
}

function ownerText(name: string, number: number): string {
  return name === "" ? String(number) : shownText(name);
}
