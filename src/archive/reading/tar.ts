/** Headers of tar archives, in the pax form of POSIX.1-2001: names, sizes and times of any length, extended attributes as GNU tar and star keep them. */
import { type ByteString, byteStringOf } from "../../base/byte-string.ts";
import { type Node, type NodeType, statModeOf } from "../../repository/format/tree/node.ts";

const BLOCK_BYTES = 512;
const NAME_BYTES = 100;
const MAX_OCTAL_7 = 0o7777777;
const MAX_OCTAL_11 = 0o77777777777;
const PERMISSIONS = 0o7777;
const NS_PER_SECOND = 1_000_000_000n;
const MINOR_BITS = 0xffn;

/** Type flags of POSIX. What has none is left out of archives. */
const TYPE_FLAGS: Readonly<Partial<Record<NodeType, string>>> = { file: "0", symlink: "2", chardev: "3", dev: "4", dir: "5", fifo: "6" };

export function isArchived({ type }: Pick<Node, "type">): boolean {
  return TYPE_FLAGS[type] !== undefined;
}

/** What ends an archive. */
export const ARCHIVE_END: Uint8Array = new Uint8Array(2 * BLOCK_BYTES);

/** What follows content of that length up to the next header. */
export function padding(length: number): Uint8Array {
  return new Uint8Array((BLOCK_BYTES - (length % BLOCK_BYTES)) % BLOCK_BYTES);
}

/**
 * All that stands before the content of a file, which has `size` bytes.
 *
 * @param path relative; folders end at a slash
 * @param linkTo path of an entry before it that is the same file: then there is no content
 */
export function tarHeader(path: ByteString, node: Node, size: number, linkTo?: ByteString): Uint8Array {
  const target = linkTo ?? node.linkTarget ?? ("" as ByteString);
  const records = paxRecords(path, node, size, target);
  const flag = linkTo === undefined ? (TYPE_FLAGS[node.type] ?? "0") : "1";
  const header = ustar({ path, node, size, target, flag });
  if (records.length === 0) return header;
  const paxHeader = ustar({ path: "PaxHeader" as ByteString, node, size: records.length, target: "" as ByteString, flag: "x" });
  return Buffer.concat([paxHeader, records, padding(records.length), header]);
}

/** What does not fit into the old header. */
function paxRecords(path: ByteString, node: Node, size: number, target: ByteString): Buffer {
  const records: ByteString[] = [];
  const add = (key: string, value: ByteString): unknown => records.push(paxRecord(byteStringOf(key), value));
  if (path.length > NAME_BYTES || isBeyondAscii(path)) add("path", path);
  if (target.length > NAME_BYTES || isBeyondAscii(target)) add("linkpath", target);
  if (size > MAX_OCTAL_11) add("size", String(size) as ByteString);
  if (node.uid > MAX_OCTAL_7) add("uid", String(node.uid) as ByteString);
  if (node.gid > MAX_OCTAL_7) add("gid", String(node.gid) as ByteString);
  if (node.mtimeNs % NS_PER_SECOND !== 0n || node.mtimeNs < 0n) add("mtime", decimalSeconds(node.mtimeNs));
  for (const { name, value } of node.xattrs) {
    records.push(paxRecord(`SCHILY.xattr.${name}` as ByteString, Buffer.from(value).toString("latin1") as ByteString));
  }
  return Buffer.from(records.join(""), "latin1");
}

/** "LENGTH KEY=VALUE\n", where the length counts itself. */
function paxRecord(key: ByteString, value: ByteString): ByteString {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (String(length).length + rest.length > length) length = String(length).length + rest.length;
  return `${length}${rest}` as ByteString;
}

function isBeyondAscii(text: ByteString): boolean {
  return /[\x80-\xff]/.test(text);
}

function decimalSeconds(ns: bigint): ByteString {
  const sign = ns < 0n ? "-" : "";
  const amount = ns < 0n ? -ns : ns;
  return `${sign}${amount / NS_PER_SECOND}.${String(amount % NS_PER_SECOND).padStart(9, "0")}` as ByteString;
}

interface HeaderFields {
  readonly path: ByteString;
  readonly node: Node;
  readonly size: number;
  readonly target: ByteString;
  readonly flag: string;
}

/** Numbers that do not fit are 0 here: the pax header has them. */
function ustar({ path, node, size, target, flag }: HeaderFields): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, at: number, digits: number, max: number): unknown =>
    header.write(`${(value >= 0 && value <= max ? value : 0).toString(8).padStart(digits, "0")}\0`, at, "latin1");
  header.write(path.slice(0, NAME_BYTES), 0, "latin1");
  octal(statModeOf(node.mode) & PERMISSIONS, 100, 7, MAX_OCTAL_7);
  octal(node.uid, 108, 7, MAX_OCTAL_7);
  octal(node.gid, 116, 7, MAX_OCTAL_7);
  octal(size, 124, 11, MAX_OCTAL_11);
  octal(Number(node.mtimeNs / NS_PER_SECOND), 136, 11, MAX_OCTAL_11);
  header.write(" ".repeat(8), 148, "latin1"); // the checksum counts as spaces
  header.write(flag, 156, "latin1");
  header.write(target.slice(0, NAME_BYTES), 157, "latin1");
  header.write("ustar\x0000", 257, "latin1");
  header.write(shortName(node.user), 265, "latin1");
  header.write(shortName(node.group), 297, "latin1");
  if (node.type === "dev" || node.type === "chardev") {
    octal(Number(majorOf(node.device)), 329, 7, MAX_OCTAL_7);
    octal(Number(minorOf(node.device)), 337, 7, MAX_OCTAL_7);
  }
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

/** A name that is too long or odd is left out: the numbers count. */
function shortName(name: string): string {
  return name.length < 32 && /^[\x20-\x7e]*$/.test(name) ? name : "";
}

/** Linux's encoding of device numbers, makedev(3). */
function majorOf(device: bigint): bigint {
  return ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn & 0xffff_ffffn);
}

function minorOf(device: bigint): bigint {
  return (device & MINOR_BITS) | ((device >> 12n) & ~MINOR_BITS & 0xffff_ffffn);
}
