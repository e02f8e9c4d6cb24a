/** Reads trees of any writer of restic's format, in pieces and node by node: a folder of a million files is 350 MB. */
import { type ByteString, byteString } from "../../../base/byte-string.ts";
import { fromGoJson } from "./go-string.ts";
import {
  BACKSLASH,
  CLOSE_LIST,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  isSpace,
  JsonCursor,
  LETTER_N,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
} from "./json-cursor.ts";
import { NodeView, type ScannedNode } from "./node-view.ts";
import type { Node } from "./node.ts";

export type { ScannedNode } from "./node-view.ts";

/** What comes next. */
type State = "tree" | "first-key" | "key" | "colon" | "nodes" | "first-node" | "node" | "after-node" | "value" | "after-value" | "nothing";

/**
 * `push()` a piece, call `next()` until it gives nothing, and so on; `end()` after the last. Unknown fields are passed over.
 * Everything fails with corrupt/tree and the place if the bytes are no tree.
 */
export class TreeScanner {
  readonly #cursor = new JsonCursor();
  readonly #node = new NodeView(this.#cursor);
  #state: State = "tree";
  #isNodes = false;
  #hasNodes = false;
  #lastName = "" as ByteString;
  #ordered = true;
  /** Memory for what goes over the end of a piece. */
  #own = Buffer.alloc(0);

  /** How far the value at the cursor was looked at for its end, from the cursor on, and what was open there. */
  #looked = 0;
  #depth = 0;
  #inText = false;

  /**
   * Whether the names rose so far, in the order of their bytes, each once. restic writes no other trees and reads them without
   * a look at the order, but finds nothing in them reliably.
   */
  get ordered(): boolean {
    return this.#ordered;
  }

  /** @param piece Read in place: must stay as it is until next() gives nothing. */
  push(piece: Uint8Array): void {
    const cursor = this.#cursor;
    const rest = cursor.end - cursor.at;
    if (rest === 0) {
      cursor.base += cursor.end;
      cursor.bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
      cursor.at = 0;
      cursor.end = piece.length;
      return;
    }
    if (cursor.bytes !== this.#own || cursor.end + piece.length > this.#own.length) this.#moveRest(rest + piece.length);
    cursor.bytes.set(piece, cursor.end);
    cursor.end += piece.length;
  }

  /** The next node, in memory that is used again; undefined if it needs more bytes. */
  next(): ScannedNode | undefined {
    const node = this.#scan();
    const { bytes, at, end } = this.#cursor;
    if (node === undefined && at < end && bytes !== this.#own) this.#moveRest(end - at);
    return node;
  }

  /** The tree must be whole by now, and all of it given by next(). */
  end(): void {
    if (this.#state !== "nothing" || this.#cursor.at !== this.#cursor.end) this.#cursor.fail("cut off", this.#cursor.end);
  }

  #scan(): ScannedNode | undefined {
    const cursor = this.#cursor;
    for (;;) {
      if (this.#looked === 0) cursor.skipSpace();
      if (cursor.at === cursor.end) return undefined;
      switch (this.#state) {
        case "tree":
          cursor.take(OPEN_OBJECT);
          this.#state = "first-key";
          break;
        case "first-key":
          if (cursor.takeIf(CLOSE_OBJECT)) this.#state = "nothing";
          else this.#state = "key";
          break;
        case "key": {
          const from = cursor.at;
          if (!this.#isComplete()) return undefined;
          cursor.takeString();
          this.#isNodes = fromGoJson(byteString(cursor.bytes.subarray(from + 1, cursor.at - 1))) === "nodes";
          this.#state = "colon";
          break;
        }
        case "colon":
          cursor.take(COLON);
          this.#state = this.#isNodes ? "nodes" : "value";
          break;
        case "nodes":
          if (this.#hasNodes) cursor.fail("second list of nodes");
          this.#hasNodes = true;
          this.#state = cursor.takeIf(OPEN_LIST) ? "first-node" : "value";
          break;
        case "value":
          if (!this.#isComplete()) return undefined;
          if (this.#isNodes && cursor.bytes[cursor.at] !== LETTER_N) cursor.fail("nodes that are no list");
          cursor.takeValue(0);
          this.#state = "after-value";
          break;
        case "after-value":
          if (cursor.takeIf(COMMA)) this.#state = "key";
          else {
            cursor.take(CLOSE_OBJECT);
            this.#state = "nothing";
          }
          break;
        case "first-node":
          this.#state = cursor.takeIf(CLOSE_LIST) ? "after-value" : "node";
          break;
        case "node":
          if (!this.#takeNode()) return undefined;
          this.#state = "after-node";
          return this.#node;
        case "after-node":
          if (cursor.takeIf(COMMA)) this.#state = "node";
          else {
            cursor.take(CLOSE_LIST);
            this.#state = "after-value";
          }
          break;
        case "nothing":
          return cursor.fail("bytes after the end");
      }
    }
  }

  /** False if its end is not there yet. That is rare, so it is found out by trying. */
  #takeNode(): boolean {
    const from = this.#cursor.at;
    if (this.#looked > 0 && !this.#isComplete()) return false;
    try {
      this.#node.take();
    } catch (error) {
      this.#cursor.at = from;
      if (this.#isComplete()) throw error;
      return false;
    }
    if (this.#node.name <= this.#lastName) this.#ordered = false;
    this.#lastName = this.#node.name;
    return true;
  }

  /** Moves what next() has not given yet to the start of our own memory, made large enough for `room` bytes. */
  #moveRest(room: number): void {
    const cursor = this.#cursor;
    const target = room <= this.#own.length ? this.#own : Buffer.allocUnsafeSlow(2 * room);
    cursor.bytes.copy(target, 0, cursor.at, cursor.end);
    this.#own = target;
    cursor.base += cursor.at;
    cursor.end -= cursor.at;
    cursor.bytes = target;
    cursor.at = 0;
  }

  /** Whether the value at the cursor has its end in what is there. Looks at each byte once, however many pieces it takes. */
  #isComplete(): boolean {
    const { bytes, end } = this.#cursor;
    let at = this.#cursor.at + this.#looked;
    let depth = this.#depth;
    let inText = this.#inText;
    let complete = false;
    for (; at < end && !complete; at++) {
      const byte = bytes[at];
      if (inText) {
        if (byte === QUOTE) {
          inText = false;
          complete = depth === 0;
        } else if (byte === BACKSLASH) at++;
      } else if (byte === QUOTE) inText = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_LIST) depth++;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) complete = --depth <= 0;
      else if (depth === 0) complete = byte === COMMA || isSpace(byte);
    }
    this.#looked = complete ? 0 : at - this.#cursor.at;
    this.#depth = complete ? 0 : depth;
    this.#inText = inText;
    return complete;
  }
}

/** Reads one node as `ScannedNode.raw` has it. @throws {DomainError} corrupt/tree */
export function decodeNode(raw: Uint8Array): Node {
  const cursor = new JsonCursor();
  cursor.bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  cursor.end = raw.length;
  const node = new NodeView(cursor);
  node.take();
  if (cursor.at !== cursor.end) cursor.fail("bytes after the end");
  return node.decode();
}

/** All nodes of a whole tree, for small ones: in the tree's order, whatever that is. @throws {DomainError} corrupt/tree */
export function decodeTree(bytes: Uint8Array): Node[] {
  const scanner = new TreeScanner();
  scanner.push(bytes);
  const nodes: Node[] = [];
  for (let node = scanner.next(); node !== undefined; node = scanner.next()) nodes.push(node.decode());
  scanner.end();
  return nodes;
}
