/** Trees as restic 0.18 writes them, byte for byte, in pieces: a folder of a million files is 350 MB. */
import { isUtf8 } from "node:buffer";
import { type ByteString, byteStringOf, bytesOf, displayText } from "../../../base/byte-string.ts";
import { DomainError } from "../../../base/errors.ts";
import type { HexId } from "../../../base/ids.ts";
import { toGoJson, toGoQuotedJson } from "./go-string.ts";
import { GoTimeFormat } from "./go-time.ts";
import { isNodeName } from "./name.ts";
import type { ExtendedAttribute, Node } from "./node.ts";

/** Long enough that a call of the sink costs nothing beside what it does. */
const PIECE_UNITS = 64 * 1024;

/** One clock for all: it remembers the last day. */
const timeFormat = new GoTimeFormat();

/** Neighbours in a folder mostly have one owner, so the last one's JSON is kept. */
class OwnerJson {
  #name = "";
  #json = "";

  of(name: string): string {
    if (name !== this.#name) {
      this.#json = textJson(name);
      this.#name = name;
    }
    return this.#json;
  }
}
const userJson = new OwnerJson();
const groupJson = new OwnerJson();

export class TreeEncoder {
  readonly #sink: (piece: Uint8Array) => void;
  /** Bytes as units, not yet given out. */
  #text = '{"nodes":[';
  #lastName: ByteString | undefined;

  /** @param sink Gets the bytes one after the other, in memory that is its own. */
  constructor(sink: (piece: Uint8Array) => void) {
    this.#sink = sink;
  }

  /**
   * @throws {DomainError} internal/tree_order: names must rise, in the order of their bytes
   * @throws {DomainError} internal/tree_name: no name of an entry of a folder
   */
  add(node: Node): void {
    this.addJson(node.name, encodeNode(node));
  }

  /** Adds a node as encodeNode() gives it, or as another tree has it: `ScannedNode.raw` as a ByteString. Throws as add() does. */
  addJson(name: ByteString, json: ByteString): void {
    if (!isNodeName(name))
      throw new DomainError("internal", "tree_name", `Cannot add "${displayText(name)}" to a tree: not the name of an entry`);
    if (this.#lastName !== undefined && name <= this.#lastName) {
      const state = `it does not come after "${displayText(this.#lastName)}"`;
      throw new DomainError("internal", "tree_order", `Cannot add "${displayText(name)}" to a tree: ${state}`);
    }
    this.#text += this.#lastName === undefined ? json : `,${json}`;
    this.#lastName = name;
    if (this.#text.length >= PIECE_UNITS) this.#flush();
  }

  /** One that goes on from here and is given what comes from now on. */
  copy(sink: (piece: Uint8Array) => void): TreeEncoder {
    const copy = new TreeEncoder(sink);
    copy.#text = this.#text;
    copy.#lastName = this.#lastName;
    return copy;
  }

  /** Ends the tree. Nothing may be called after. */
  finish(): void {
    this.#text += "]}\n";
    this.#flush();
  }

  #flush(): void {
    this.#sink(Buffer.from(this.#text, "latin1"));
    this.#text = "";
  }
}

/** One node as it stands in a tree. */
export function encodeNode(node: Node): ByteString {
  return `${beforeContent(node, timeFormat)}${contentJson(node.content)}${afterContent(node)}` as ByteString;
}

/** The whole tree at once, for small ones. Throws as TreeEncoder.add() does. */
export function encodeTree(nodes: Iterable<Node>): Uint8Array {
  const pieces: Uint8Array[] = [];
  const encoder = new TreeEncoder((piece) => pieces.push(piece));
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
  if (node.user !== "") json += `,"user":"${userJson.of(node.user)}"`;
  if (node.group !== "") json += `,"group":"${groupJson.of(node.group)}"`;
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
