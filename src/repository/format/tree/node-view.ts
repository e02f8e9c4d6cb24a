/** One node of a tree, read from its bytes as far as somebody asks. */
import { type ByteString, byteString, bytesOf } from "../../../base/byte-string.ts";
import type { HexId } from "../../../base/ids.ts";
import { fromGoJson, fromGoQuotedJson } from "./go-string.ts";
import { GO_ZERO_TIME_NS, parseGoTime } from "./go-time.ts";
import { BACKSLASH, JsonCursor, LETTER_N, QUOTE } from "./json-cursor.ts";
import { isNodeName } from "./name.ts";
import { type ExtendedAttribute, type Node, NODE_TYPES, type NodeType } from "./node.ts";

/** In the order in which restic writes them. */
const FIELDS = [
  "name",
  "type",
  "mode",
  "mtime",
  "atime",
  "ctime",
  "uid",
  "gid",
  "user",
  "group",
  "inode",
  "device_id",
  "size",
  "links",
  "linktarget",
  "linktarget_raw",
  "extended_attributes",
  "generic_attributes",
  "device",
  "content",
  "subtree",
  "error",
] as const;
type Field = (typeof FIELDS)[number];
const FIELD_BYTES = FIELDS.map((field) => Buffer.from(field));
const NO_FIELD = 255;
const INDEX_OF = Object.fromEntries(FIELDS.map((field, index) => [field, index])) as Record<Field, number>;

/** No two fields have the same length and first letter, so these choose the only one that it can be. */
const FIELD_BY_SHAPE = new Uint8Array(32 * 256).fill(NO_FIELD);
for (const [index, bytes] of FIELD_BYTES.entries()) FIELD_BY_SHAPE[shape(bytes.length, bytes[0] ?? 0)] = index;

const QUOTED_TYPES = NODE_TYPES.map((type) => Buffer.from(`"${type}"`));

const MAX_UINT32 = 2 ** 32 - 1;
const MAX_UINT64 = 2n ** 64n - 1n;
const MAX_UINT64_DIGITS = 20;
const ID_BYTES = 32;
const ID_DIGITS = 2 * ID_BYTES;
const NO_DIGIT = 255;
const HEX_VALUE = new Uint8Array(256).fill(NO_DIGIT);
for (const [value, byte] of Buffer.from("0123456789abcdef").entries()) HEX_VALUE[byte] = value;
const ID_FORM = /^[0-9a-f]{64}$/;
const ZERO = 0x30;
const ASCII = /^[^\x80-\xff]*$/;

/**
 * Valid until its scanner goes on. Every getter reads the bytes anew, and fails with corrupt/tree and the place if they are
 * not what the field must be.
 */
export interface ScannedNode {
  readonly name: ByteString;
  /** What no version of restic has written is `irregular`. */
  readonly type: NodeType;
  /** The node's JSON as it lies in the tree, for TreeEncoder.addJson() when it is made a ByteString. A view. */
  readonly raw: Uint8Array;
  readonly size: number;
  /** As Go has it; see `statModeOf()`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly xattrs: readonly ExtendedAttribute[];
  readonly inode: bigint;
  readonly deviceId: bigint;
  readonly links: number;
  readonly subtree: HexId | undefined;
  /** Undefined where the tree has null, as for all that is no file. */
  readonly content: readonly HexId[] | undefined;
  /** Blobs of the content, as 32 bytes each: what `content` has, without a string for each. */
  contentBytes(): Uint8Array;
  /** Everything, independent of the scanner. */
  decode(): Node;
}

export class NodeView implements ScannedNode {
  readonly #cursor: JsonCursor;
  /** Where the value of each field lies; both 0 if it is absent or null. */
  readonly #from = new Float64Array(FIELDS.length);
  readonly #to = new Float64Array(FIELDS.length);
  readonly #visit = (keyFrom: number, keyTo: number, from: number, to: number): void => this.#visitField(keyFrom, keyTo, from, to);
  #rawFrom = 0;
  #rawTo = 0;
  #name = "" as ByteString;

  constructor(cursor: JsonCursor) {
    this.#cursor = cursor;
  }

  /** Takes the node at the cursor. */
  take(): void {
    this.#to.fill(0);
    this.#rawFrom = this.#cursor.at;
    this.#cursor.takeObject(this.#visit);
    this.#rawTo = this.#cursor.at;
    this.#name = this.#readName();
    if (!this.#has("type")) this.#cursor.fail("node without a type", this.#rawFrom);
  }

  get name(): ByteString {
    return this.#name;
  }

  get type(): NodeType {
    const { bytes } = this.#cursor;
    const from = this.#from[INDEX_OF.type] ?? 0;
    const length = (this.#to[INDEX_OF.type] ?? 0) - from;
    // As all writers write it, without a text for each look.
    const asWritten = QUOTED_TYPES.findIndex((quoted) => quoted.length === length && isAt(bytes, from, quoted));
    if (asWritten >= 0) return NODE_TYPES[asWritten] ?? "irregular";
    const text = this.#bytesOfText("type");
    return NODE_TYPES.find((type) => type === text) ?? "irregular";
  }

  get raw(): Uint8Array {
    return this.#cursor.bytes.subarray(this.#rawFrom, this.#rawTo);
  }

  get size(): number {
    return this.#number("size", Number.MAX_SAFE_INTEGER);
  }

  get mode(): number {
    return this.#number("mode", MAX_UINT32);
  }

  get uid(): number {
    return this.#number("uid", MAX_UINT32);
  }

  get gid(): number {
    return this.#number("gid", MAX_UINT32);
  }

  get atimeNs(): bigint {
    return this.#time("atime");
  }

  get mtimeNs(): bigint {
    return this.#time("mtime");
  }

  get ctimeNs(): bigint {
    return this.#time("ctime");
  }

  get xattrs(): readonly ExtendedAttribute[] {
    const xattrs: ExtendedAttribute[] = [];
    if (this.#has("extended_attributes")) {
      this.#walk("extended_attributes", (cursor) => cursor.takeList((from, to) => xattrs.push(this.#xattr(from, to))));
    }
    return xattrs;
  }

  get inode(): bigint {
    return this.#uint64("inode");
  }

  get deviceId(): bigint {
    return this.#uint64("device_id");
  }

  get links(): number {
    return this.#number("links", Number.MAX_SAFE_INTEGER);
  }

  get subtree(): HexId | undefined {
    return this.#has("subtree") ? this.#id(this.#from[INDEX_OF.subtree] ?? 0, this.#to[INDEX_OF.subtree] ?? 0) : undefined;
  }

  get content(): readonly HexId[] | undefined {
    if (!this.#has("content")) return undefined;
    const ids: HexId[] = [];
    this.#walk("content", (cursor) => cursor.takeList((from, to) => ids.push(this.#id(from, to))));
    return ids;
  }

  contentBytes(): Uint8Array {
    if (!this.#has("content")) return new Uint8Array();
    const content = INDEX_OF.content;
    const atMost = Math.floor(((this.#to[content] ?? 0) - (this.#from[content] ?? 0)) / ID_DIGITS);
    const ids = new Uint8Array(atMost * ID_BYTES);
    let length = 0;
    this.#walk("content", (cursor) =>
      cursor.takeList((from, to) => {
        this.#idInto(from, to, ids, length);
        length += ID_BYTES;
      }),
    );
    return ids.subarray(0, length);
  }

  decode(): Node {
    const { content, subtree } = this;
    const linkTarget = this.#has("linktarget_raw") ? this.#base64("linktarget_raw") : this.#bytesOfText("linktarget");
    const error = this.#text("error");
    return {
      name: this.#name,
      type: this.type,
      mode: this.mode,
      mtimeNs: this.mtimeNs,
      atimeNs: this.atimeNs,
      ctimeNs: this.ctimeNs,
      uid: this.uid,
      gid: this.gid,
      user: this.#text("user"),
      group: this.#text("group"),
      inode: this.inode,
      deviceId: this.deviceId,
      size: this.size,
      links: this.links,
      ...(linkTarget === "" ? {} : { linkTarget }),
      xattrs: this.xattrs,
      ...this.#genericAttributes(),
      device: this.#uint64("device"),
      ...(content === undefined ? {} : { content }),
      ...(subtree === undefined ? {} : { subtree }),
      ...(error === "" ? {} : { error }),
    };
  }

  #visitField(keyFrom: number, keyTo: number, from: number, to: number): void {
    const field = this.#fieldAt(keyFrom, keyTo);
    if (field === undefined) return;
    const isNull = this.#cursor.bytes[from] === LETTER_N;
    this.#from[field] = from;
    this.#to[field] = isNull ? 0 : to;
  }

  #fieldAt(from: number, to: number): number | undefined {
    const { bytes } = this.#cursor;
    const candidate = FIELD_BY_SHAPE[shape(to - from, bytes[from] ?? 0)] ?? NO_FIELD;
    if (candidate !== NO_FIELD && isAt(bytes, from, FIELD_BYTES[candidate])) return candidate;
    if (!bytes.subarray(from, to).includes(BACKSLASH)) return undefined;
    const name = fromGoJson(byteString(bytes.subarray(from, to)));
    const field = FIELDS.findIndex((known) => known === name);
    return field < 0 ? undefined : field;
  }

  #readName(): ByteString {
    if (!this.#has("name")) this.#cursor.fail("node without a name", this.#rawFrom);
    const name = fromGoQuotedJson(this.#json("name"));
    if (name === undefined || !isNodeName(name)) this.#cursor.fail("node whose name is no name of an entry", this.#rawFrom);
    return name;
  }

  #has(field: Field): boolean {
    return this.#to[INDEX_OF[field]] !== 0;
  }

  #fail(field: Field): never {
    this.#cursor.fail(`field "${field}" of node out of range or of another form`, this.#from[INDEX_OF[field]]);
  }

  /** What stands between the quotes of a text. */
  #json(field: Field): ByteString {
    const from = this.#from[INDEX_OF[field]] ?? 0;
    const to = this.#to[INDEX_OF[field]] ?? 0;
    if (this.#cursor.bytes[from] !== QUOTE) this.#fail(field);
    return this.#cursor.bytes.toString("latin1", from + 1, to - 1) as ByteString;
  }

  #bytesOfText(field: Field): ByteString {
    return this.#has(field) ? fromGoJson(this.#json(field)) : ("" as ByteString);
  }

  #text(field: Field): string {
    const utf8 = this.#bytesOfText(field);
    return ASCII.test(utf8) ? utf8 : bytesOf(utf8).toString("utf8");
  }

  #base64(field: Field): ByteString {
    return byteString(decodeBase64(this.#bytesOfText(field)) ?? this.#fail(field));
  }

  #time(field: Field): bigint {
    if (!this.#has(field)) return GO_ZERO_TIME_NS;
    const from = this.#from[INDEX_OF[field]] ?? 0;
    const to = this.#to[INDEX_OF[field]] ?? 0;
    if (this.#cursor.bytes[from] !== QUOTE) this.#fail(field);
    return parseGoTime(this.#cursor.bytes, from + 1, to - 1) ?? this.#fail(field);
  }

  #number(field: Field, max: number): number {
    const { bytes } = this.#cursor;
    const to = this.#to[INDEX_OF[field]] ?? 0;
    if (to === 0) return 0;
    let value = 0;
    for (let at = this.#from[INDEX_OF[field]] ?? 0; at < to; at++) {
      const digit = (bytes[at] ?? 0) - ZERO;
      // Valid JSON otherwise: a sign, a fraction, an exponent, or no number at all.
      if (digit < 0 || digit > 9) this.#fail(field);
      value = value * 10 + digit;
      if (value > max) this.#fail(field);
    }
    return value;
  }

  #uint64(field: Field): bigint {
    const from = this.#from[INDEX_OF[field]] ?? 0;
    const to = this.#to[INDEX_OF[field]] ?? 0;
    if (to - from < 16) return BigInt(this.#number(field, Number.MAX_SAFE_INTEGER));
    const digits = this.#cursor.bytes.toString("latin1", from, to);
    if (digits.length > MAX_UINT64_DIGITS || !/^[0-9]+$/.test(digits)) this.#fail(field);
    const value = BigInt(digits);
    return value <= MAX_UINT64 ? value : this.#fail(field);
  }

  #id(from: number, to: number): HexId {
    const { bytes } = this.#cursor;
    const id = to - from === ID_DIGITS + 2 && bytes[from] === QUOTE ? bytes.toString("latin1", from + 1, to - 1) : "";
    if (!ID_FORM.test(id)) this.#failId(from);
    return id as HexId;
  }

  #idInto(from: number, to: number, target: Uint8Array, at: number): void {
    const { bytes } = this.#cursor;
    if (to - from !== ID_DIGITS + 2 || bytes[from] !== QUOTE) this.#failId(from);
    for (let i = 0; i < ID_BYTES; i++) {
      const digit = from + 1 + 2 * i;
      const high = HEX_VALUE[bytes[digit] ?? 0] ?? NO_DIGIT;
      const low = HEX_VALUE[bytes[digit + 1] ?? 0] ?? NO_DIGIT;
      if (high === NO_DIGIT || low === NO_DIGIT) this.#failId(from);
      target[at + i] = high * 16 + low;
    }
  }

  #failId(from: number): never {
    this.#cursor.fail("id that is not 64 lower-case hex digits", from);
  }

  #xattr(from: number, to: number): ExtendedAttribute {
    const { bytes, base } = this.#cursor;
    const texts = new Map<string, ByteString>();
    const cursor = new JsonCursor();
    Object.assign(cursor, { bytes, base, at: from, end: to });
    cursor.takeObject((keyFrom, keyTo, valueFrom, valueTo) => {
      if (bytes[valueFrom] !== QUOTE) return;
      const value = bytes.toString("latin1", valueFrom + 1, valueTo - 1) as ByteString;
      texts.set(fromGoJson(bytes.toString("latin1", keyFrom, keyTo) as ByteString), fromGoJson(value));
    });
    const name = texts.get("name");
    const value = decodeBase64(texts.get("value") ?? "");
    if (name === undefined || value === undefined) this.#fail("extended_attributes");
    return { name, value };
  }

  #genericAttributes(): { readonly genericAttributes?: ByteString } {
    if (!this.#has("generic_attributes")) return {};
    let members = 0;
    this.#walk("generic_attributes", (cursor) => cursor.takeObject(() => members++));
    const from = this.#from[INDEX_OF.generic_attributes];
    const json = this.#cursor.bytes.toString("latin1", from, this.#to[INDEX_OF.generic_attributes]) as ByteString;
    return members === 0 ? {} : { genericAttributes: json };
  }

  /** Walks over a value that was passed already. */
  #walk(field: Field, walk: (cursor: JsonCursor) => void): void {
    const cursor = new JsonCursor();
    cursor.bytes = this.#cursor.bytes;
    cursor.base = this.#cursor.base;
    cursor.at = this.#from[INDEX_OF[field]] ?? 0;
    cursor.end = this.#to[INDEX_OF[field]] ?? 0;
    walk(cursor);
  }
}

function shape(length: number, first: number): number {
  return length < 32 ? length * 256 + first : 0;
}

function isAt(bytes: Uint8Array, from: number, expected: Uint8Array | undefined): boolean {
  if (expected === undefined) return false;
  for (let i = 0; i < expected.length; i++) if (bytes[from + i] !== expected[i]) return false;
  return true;
}

function decodeBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  } catch {
    return undefined;
  }
}
