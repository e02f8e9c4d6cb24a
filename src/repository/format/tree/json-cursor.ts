/** Walks over JSON in bytes without building values. What it has passed over is valid JSON; texts may not be UTF-8. */
import { DomainError } from "../../../base/errors.ts";

/** Trees need three levels; unknown fields of other writers may have some. */
const MAX_DEPTH = 64;

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
export const BACKSLASH = 0x5c;
/** What null begins with, and no other value. */
export const LETTER_N = 0x6e;
const [MINUS, PLUS, POINT, ZERO, NINE, LETTER_E, LETTER_U] = [0x2d, 0x2b, 0x2e, 0x30, 0x39, 0x65, 0x75] as const;
const TO_LOWER_CASE = 0x20;

const TRUE = Buffer.from("true");
const FALSE = Buffer.from("false");
const NULL = Buffer.from("null");
const NO_BYTES = Buffer.alloc(0);
const SPACE = 0x20;
/** One table look-up for each byte of a text instead of three comparisons. */
const PLAIN_IN_TEXT = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0));
const ESCAPED = new Set(Buffer.from('"\\/bfnrtu'));

/** Gets where key and value lie, the key without its quotes. */
export type MemberVisitor = (keyFrom: number, keyTo: number, from: number, to: number) => void;

export class JsonCursor {
  /** What is walked over, up to `end`. */
  bytes: Buffer = NO_BYTES;
  end = 0;
  at = 0;
  /** Where `bytes` begins in the tree, for messages. */
  base = 0;

  fail(problem: string, at: number = this.at): never {
    const place = this.base + at;
    throw new DomainError("corrupt", "tree", `Cannot read tree: ${problem} at byte ${place}`, { details: { byte: place } });
  }

  skipSpace(): void {
    // No byte up to the space but white space can be here.
    while (this.at < this.end && (this.bytes[this.at] ?? 0) <= SPACE) {
      if (!isSpace(this.bytes[this.at])) this.fail("control character");
      this.at++;
    }
  }

  take(byte: number): void {
    if (!this.takeIf(byte)) this.fail(`no "${String.fromCharCode(byte)}"`);
  }

  takeIf(byte: number): boolean {
    if (this.at >= this.end || this.bytes[this.at] !== byte) return false;
    this.at++;
    return true;
  }

  takeObject(visit: MemberVisitor, depth = 0): void {
    this.take(OPEN_OBJECT);
    this.skipSpace();
    if (this.takeIf(CLOSE_OBJECT)) return;
    do {
      this.skipSpace();
      const keyFrom = this.at + 1;
      this.takeString();
      const keyTo = this.at - 1;
      this.skipSpace();
      this.take(COLON);
      this.skipSpace();
      const from = this.at;
      this.takeValue(depth + 1);
      visit(keyFrom, keyTo, from, this.at);
      this.skipSpace();
    } while (this.takeIf(COMMA));
    this.take(CLOSE_OBJECT);
  }

  takeList(visit: (from: number, to: number) => void, depth = 0): void {
    this.take(OPEN_LIST);
    this.skipSpace();
    if (this.takeIf(CLOSE_LIST)) return;
    do {
      this.skipSpace();
      const from = this.at;
      this.takeValue(depth + 1);
      visit(from, this.at);
      this.skipSpace();
    } while (this.takeIf(COMMA));
    this.take(CLOSE_LIST);
  }

  takeString(): void {
    this.take(QUOTE);
    const { bytes, end } = this;
    let at = this.at;
    for (; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (PLAIN_IN_TEXT[byte] === 1) continue;
      if (byte === QUOTE) {
        this.at = at + 1;
        return;
      }
      if (byte === BACKSLASH) at = this.#escapeEnd(at);
      else this.fail("control character in a text", at);
    }
    this.fail("text without end", at);
  }

  takeValue(depth: number): void {
    if (depth > MAX_DEPTH) this.fail(`nested deeper than ${MAX_DEPTH}`);
    const byte = this.at < this.end ? this.bytes[this.at] : undefined;
    if (byte === QUOTE) this.takeString();
    else if (byte === OPEN_LIST) this.takeList(ignore, depth);
    else if (byte === OPEN_OBJECT) this.takeObject(ignore, depth);
    else if (byte === MINUS || isDigit(byte)) this.#takeNumber();
    else if (!this.#takeWord(NULL) && !this.#takeWord(TRUE) && !this.#takeWord(FALSE)) this.fail("no value");
  }

  /** The last byte of the escape whose backslash is at `at`. */
  #escapeEnd(at: number): number {
    const letter = this.bytes[at + 1] ?? 0;
    if (!ESCAPED.has(letter)) this.fail("unknown escape", at);
    if (letter !== LETTER_U) return at + 1;
    for (let i = at + 2; i < at + 6; i++) if (!isHexDigit(this.bytes[i])) this.fail("unknown escape", at);
    return at + 5;
  }

  #takeNumber(): void {
    this.takeIf(MINUS);
    if (!this.takeIf(ZERO)) this.#takeDigits();
    if (this.takeIf(POINT)) this.#takeDigits();
    if (this.takeIf(LETTER_E) || this.takeIf(LETTER_E - TO_LOWER_CASE)) {
      if (!this.takeIf(PLUS)) this.takeIf(MINUS);
      this.#takeDigits();
    }
  }

  #takeDigits(): void {
    const from = this.at;
    while (this.at < this.end && isDigit(this.bytes[this.at])) this.at++;
    if (this.at === from) this.fail("number without digits");
  }

  #takeWord(word: Buffer): boolean {
    if (this.at + word.length > this.end || !word.every((byte, i) => this.bytes[this.at + i] === byte)) return false;
    this.at += word.length;
    return true;
  }
}

export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

function isHexDigit(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const lower = byte | TO_LOWER_CASE;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66);
}

function ignore(): void {
  // The structure is checked on the way, and that is all.
}
