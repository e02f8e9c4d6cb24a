/** Nodes of what has no content to be read: links, fifos, devices, and folders whose contents are left out. */
import { readlinkSync } from "node:fs";
import { type ByteString, displayText } from "../../base/byte-string.ts";
import type { FileStat } from "../../native/files.ts";
import { encodeNode } from "../../repository/format/tree/encode.ts";
import type { NodeType } from "../../repository/format/tree/node.ts";
import { type FolderFd, pathIn, pathOf } from "../folder-handle.ts";
import { nodeOf, type NodeParts } from "../stat-node.ts";
import { readXattrs } from "../xattrs.ts";
import { fileFinding } from "./file-findings.ts";
import type { OpenFolder } from "./open-folder.ts";
import type { WalkParts } from "./walk-parts.ts";

export interface SeenEntry {
  readonly name: ByteString;
  /** Absolute. */
  readonly path: ByteString;
  readonly stat: FileStat;
}

type NodeMaking = Pick<WalkParts, "style" | "report">;

/** Neither file nor folder. */
export function addOther(folder: OpenFolder, entry: SeenEntry, type: NodeType, parts: NodeMaking): void {
  if (type === "socket") {
    const object = displayText(entry.path);
    const message = `Left out socket "${object}": only the process that made it can make it again`;
    parts.report({ grade: "info", code: "socket_left_out", object, message });
    return;
  }
  const linkTarget = type === "symlink" ? (readlinkSync(pathIn(folder.fd, entry.name), { encoding: "latin1" }) as ByteString) : undefined;
  addEntry(folder, entry, linkTarget === undefined ? {} : { linkTarget }, parts);
}

export function addEntry(folder: OpenFolder, entry: SeenEntry, fields: Omit<NodeParts, "xattrs">, parts: NodeMaking): void {
  const xattrs = xattrsOf(folder.fd, entry, parts);
  folder.add(entry.name, encodeNode(nodeOf(entry.name, entry.stat, parts.style, { ...fields, xattrs })));
}

function xattrsOf(folder: FolderFd, { name, path }: SeenEntry, { report }: NodeMaking): NodeParts["xattrs"] {
  try {
    return readXattrs(`${pathOf(folder)}/${name}` as ByteString);
  } catch (error) {
    report(fileFinding(displayText(path), error));
    return [];
  }
}
