/** Trees as restic 0.18 writes them, byte for byte, in pieces: a folder of a million files is 350 MB. */
import { isUtf8 } from "node:buffer";
import { type ByteString, byteStringOf, bytesOf, displayText } from "../../../base/byte-string.ts";
import { DomainError } from "../../../base/errors.ts";
import type { HexId } from "../../../base/ids.ts";
import { toGoJson, toGoQuotedJson } from "./go-string.ts";
import { GoTimeFormat } from "./go-time.ts";
import { isNodeName } from "./name.ts";
import type { ExtendedAttribute, Node } from "./node.ts";

/** Large enough that a call of the sink costs nothing beside what it does, small enough to stay in the processor's cache. */
const PIECE_BYTES = 256 * 1024;
/** How much of a file's list of blobs is made at once: a file of 1 TB has a million. */
const IDS_AT_ONCE = 1000;
/** Short texts are joined before they are written: one call into the buffer for several nodes. */
const JOIN_UNITS = 4096;

export class TreeEncoder {
  readonly #sink: (piece: Uint8Array) => void;
  readonly #piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  readonly #time = new GoTimeFormat();
  #at = 0;
  /** Latin-1, not yet in the piece. */
  #text = '{"nodes":[';
  #lastName: ByteString | undefined;

  /** @param sink Gets the bytes one after the other, and must be done with them when it returns: the memory is used again. */
  constructor(sink: (piece: Uint8Array) => void) {
    this.#sink = sink;
  }

  /**
   * @throws {DomainError} internal/tree_order: names must rise, in the order of their bytes
   * @throws {DomainError} internal/tree_name: no name of an entry of a folder
   */
  add(node: Node): void {
    this.#begin(node.name);
    this.#write(beforeContent(node, this.#time));
    if (node.content === undefined || node.content.length <= IDS_AT_ONCE) this.#write(contentJson(node.content));
    else this.#writeLongContent(node.content);
    this.#write(afterContent(node));
  }

  /** Adds a node as another tree has it, `ScannedNode.raw`. Throws as add() does. */
  addRaw(raw: Uint8Array, name: ByteString): void {
    this.#begin(name);
    this.#flushText();
    for (let from = 0; from < raw.length;) {
      if (this.#at === PIECE_BYTES) this.#flushPiece();
      const length = Math.min(raw.length - from, PIECE_BYTES - this.#at);
      this.#piece.set(raw.subarray(from, from + length), this.#at);
      this.#at += length;
      from += length;
    }
  }

  /** Ends the tree. Nothing may be called after. */
  finish(): void {
    this.#write("]}\n");
    this.#flushText();
    this.#flushPiece();
  }

  #begin(name: ByteString): void {
    if (!isNodeName(name))
      throw new DomainError("internal", "tree_name", `Cannot add "${displayText(name)}" to a tree: not the name of an entry`);
    if (this.#lastName !== undefined) {
      if (name <= this.#lastName) {
        const state = `it does not come after "${displayText(this.#lastName)}"`;
        throw new DomainError("internal", "tree_order", `Cannot add "${displayText(name)}" to a tree: ${state}`);
      }
      this.#write(",");
    }
    this.#lastName = name;
  }

  #writeLongContent(content: readonly HexId[]): void {
    for (let from = 0; from < content.length; from += IDS_AT_ONCE) {
      const ids = content.slice(from, from + IDS_AT_ONCE).join('","');
      this.#write(from === 0 ? `["${ids}"` : `,"${ids}"`);
    }
    this.#write("]");
  }

  #write(latin1: string): void {
    this.#text += latin1;
    if (this.#text.length >= JOIN_UNITS) this.#flushText();
  }

  #flushText(): void {
    const text = this.#text;
    for (let from = 0; from < text.length;) {
      if (this.#at === PIECE_BYTES) this.#flushPiece();
      const part = from === 0 && text.length <= PIECE_BYTES - this.#at ? text : text.slice(from, from + PIECE_BYTES - this.#at);
      this.#piece.write(part, this.#at, "latin1");
      this.#at += part.length;
      from += part.length;
    }
    this.#text = "";
  }

  #flushPiece(): void {
    this.#sink(this.#piece.subarray(0, this.#at));
    this.#at = 0;
  }
}

/** One node for TreeEncoder.addRaw(), made where the tree is not. */
export function encodeNode(node: Node): Uint8Array {
  return Buffer.from(beforeContent(node, new GoTimeFormat()) + contentJson(node.content) + afterContent(node), "latin1");
}

/** The whole tree at once, for small ones. Throws as TreeEncoder.add() does. */
export function encodeTree(nodes: Iterable<Node>): Uint8Array {
  const pieces: Uint8Array[] = [];
  const encoder = new TreeEncoder((piece) => pieces.push(Uint8Array.from(piece)));
  for (const node of nodes) encoder.add(node);
  encoder.finish();
  return Buffer.concat(pieces);
}

function beforeContent(node: Node, time: GoTimeFormat): string {
  const mtime = time.format(node.mtimeNs);
  const atime = node.atimeNs === node.mtimeNs ? mtime : time.format(node.atimeNs);
  const ctime = node.ctimeNs === node.mtimeNs ? mtime : time.format(node.ctimeNs);
  let json = `{"name":"${toGoQuotedJson(node.name)}","type":"${node.type}"`;
  if (node.mode !== 0) json += `,"mode":${node.mode}`;
  json += `,"mtime":"${mtime}","atime":"${atime}","ctime":"${ctime}","uid":${node.uid},"gid":${node.gid}`;
  if (node.user !== "") json += `,"user":"${textJson(node.user)}"`;
  if (node.group !== "") json += `,"group":"${textJson(node.group)}"`;
  if (node.inode !== 0n) json += `,"inode":${node.inode}`;
  if (node.deviceId !== 0n) json += `,"device_id":${node.deviceId}`;
  if (node.size !== 0) json += `,"size":${node.size}`;
  if (node.links !== 0) json += `,"links":${node.links}`;
  if (node.linkTarget !== undefined && node.linkTarget !== "") json += linkTargetJson(node.linkTarget);
  if (node.xattrs.length > 0) json += `,"extended_attributes":[${node.xattrs.map(xattrJson).join(",")}]`;
  if (node.genericAttributes !== undefined) json += `,"generic_attributes":${node.genericAttributes}`;
  if (node.device !== 0n) json += `,"device":${node.device}`;
  return `${json},"content":`;
}

function contentJson(content: readonly HexId[] | undefined): string {
  if (content === undefined) return "null";
  return content.length === 0 ? "[]" : `["${content.join('","')}"]`;
}

function afterContent({ subtree, error }: Node): string {
  if (subtree === undefined && error === undefined) return "}";
  const subtreeJson = subtree === undefined ? "" : `,"subtree":"${subtree}"`;
  return error === undefined || error === "" ? `${subtreeJson}}` : `${subtreeJson},"error":"${textJson(error)}"}`;
}

function linkTargetJson(target: ByteString): string {
  const json = `,"linktarget":"${toGoJson(target)}"`;
  return isUtf8(bytesOf(target)) ? json : `${json},"linktarget_raw":"${bytesOf(target).toString("base64")}"`;
}

function xattrJson({ name, value }: ExtendedAttribute): string {
  return `{"name":"${toGoJson(name)}","value":"${value.toBase64()}"}`;
}

function textJson(text: string): string {
  return toGoJson(byteStringOf(text));
}
