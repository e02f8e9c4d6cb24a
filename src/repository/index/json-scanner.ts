/**
 * Walks over JSON in bytes without making values of it: 5 times faster than JSON.parse() where most of it are ids. Accepts what
 * JSON.parse() accepts; names with escapes in them count as unknown, and strings are not checked to be UTF-8.
 */
import type { DomainError } from "../../base/errors.ts";

/** Arrays and objects within each other that are passed over. */
const MAX_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LETTER_E = 0x65;
const LETTER_U = 0x75;
/** Makes an ASCII letter lower case. */
const LOWER_CASE = 0x20;
const SPACE = 0x20;

const NULL = Buffer.from("null");
const TRUE = Buffer.from("true");
const FALSE = Buffer.from("false");
/** What may follow a backslash, but for the form with four hex digits. */
const ESCAPES = Buffer.from('"\\/bfnrt');

/** Value of a lower-case hex digit; of any other byte NOT_HEX, whose bits no digit has. */
const NOT_HEX = 0x80;
const HEX_VALUES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = "0123456789abcdef".indexOf(String.fromCharCode(byte));
  return value === -1 ? NOT_HEX : value;
});

/** Makes the error for a place and what is wrong there. */
export type DamageAt = (at: number, state: string) => DomainError;

/**
 * Objects and arrays are walked with `for (let more = s.openObject(); more; more = s.nextInObject())`; the loop's body must
 * take the one field or value. Everything throws the caller's error where the bytes are not what is asked for.
 */
export class JsonScanner {
  /** The next byte. May be set to where a value began. */
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #damage: DamageAt;

  constructor(bytes: Uint8Array, damage: DamageAt) {
    this.#bytes = bytes;
    this.#damage = damage;
  }

  damage(state: string): DomainError {
    return this.#damage(this.at, state);
  }

  startsArray(): boolean {
    return this.#peek() === OPEN_ARRAY;
  }

  /** Goes to the name of the first field; false: there is none. */
  openObject(): boolean {
    if (this.#peek() !== OPEN_OBJECT) throw this.damage("not an object");
    this.at++;
    if (this.#peek() !== CLOSE_OBJECT) return true;
    this.at++;
    return false;
  }

  nextInObject(): boolean {
    const byte = this.#peek();
    if (byte !== COMMA && byte !== CLOSE_OBJECT) throw this.damage("neither a comma nor the end of an object");
    this.at++;
    this.#peek();
    return byte === COMMA;
  }

  openArray(): boolean {
    if (this.#peek() !== OPEN_ARRAY) throw this.damage("not an array");
    this.at++;
    if (this.#peek() !== CLOSE_ARRAY) return true;
    this.at++;
    return false;
  }

  nextInArray(): boolean {
    const byte = this.#peek();
    if (byte !== COMMA && byte !== CLOSE_ARRAY) throw this.damage("neither a comma nor the end of an array");
    this.at++;
    return byte === COMMA;
  }

  /** Goes on to the value of a field if the field is called that; `name` comes with its quotes. */
  takeName(name: Uint8Array): boolean {
    // Most names that are asked for in vain differ in their first letter.
    if (this.#bytes[this.at + 1] !== name[1] || !this.#take(name)) return false;
    this.#colon();
    return true;
  }

  /** Passes over a field, its name and any value. */
  skipField(): void {
    this.#skipField(0);
  }

  takeNull(): boolean {
    this.#peek();
    return this.#take(NULL);
  }

  /** Takes a string if it is that one; `text` comes with its quotes. */
  takeString(text: Uint8Array): boolean {
    this.#peek();
    return this.#take(text);
  }

  /** Takes a string of two lower-case hex digits for each byte of `target`. */
  hexInto(target: Uint8Array): void {
    const bytes = this.#bytes;
    const from = this.#peek() === QUOTE ? this.at + 1 : -1;
    const to = from + 2 * target.length;
    if (from === -1 || bytes[to] !== QUOTE) throw this.damage(`not ${2 * target.length} hex digits`);
    let seen = 0;
    for (let index = 0, place = from; place < to; index++, place += 2) {
      const high = HEX_VALUES[bytes[place] as number] as number;
      const low = HEX_VALUES[bytes[place + 1] as number] as number;
      seen |= high | low;
      target[index] = (high << 4) | low;
    }
    if (seen >= NOT_HEX) throw this.damage(`not ${2 * target.length} lower-case hex digits`);
    this.at = to + 1;
  }

  /** Takes a number that is written as digits only. */
  integer(max: number): number {
    const bytes = this.#bytes;
    const first = this.#peek();
    const from = this.at;
    let value = 0;
    let place = from;
    for (let byte: number | undefined = first; byte !== undefined && byte >= ZERO && byte <= NINE; byte = bytes[place]) {
      value = value * 10 + (byte - ZERO);
      if (value > max) throw this.damage(`a number is above ${max}`);
      place++;
    }
    const next = bytes[place];
    const hasFraction = next === POINT || (next !== undefined && (next | LOWER_CASE) === LETTER_E);
    if (place === from || hasFraction || (first === ZERO && place - from > 1)) throw this.damage("not a whole number");
    this.at = place;
    return value;
  }

  /** Passes over any value. */
  skipValue(): void {
    this.#skipValue(0);
  }

  #skipField(depth: number): void {
    if (this.#peek() !== QUOTE) throw this.damage("a name is missing");
    this.#skipString();
    this.#colon();
    this.#skipValue(depth);
  }

  #skipValue(depth: number): void {
    const byte = this.#peek();
    if (byte === QUOTE) {
      this.#skipString();
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (depth === MAX_DEPTH) throw this.damage(`more than ${MAX_DEPTH} arrays and objects within each other`);
      if (byte === OPEN_OBJECT) for (let more = this.openObject(); more; more = this.nextInObject()) this.#skipField(depth + 1);
      else for (let more = this.openArray(); more; more = this.nextInArray()) this.#skipValue(depth + 1);
    } else if (byte === MINUS || (byte >= ZERO && byte <= NINE)) {
      this.#skipNumber();
    } else if (!this.#take(NULL) && !this.#take(TRUE) && !this.#take(FALSE)) {
      throw this.damage("not a value");
    }
  }

  /** Checks that nothing but white space follows. */
  end(): void {
    if (this.#peek() !== -1) throw this.damage("something follows the end");
  }

  /** The next byte that is not white space, -1 at the end; `at` is its place. */
  #peek(): number {
    const bytes = this.#bytes;
    let at = this.at;
    let byte = bytes[at];
    while (byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++at];
    this.at = at;
    return byte ?? -1;
  }

  #colon(): void {
    if (this.#peek() !== COLON) throw this.damage("a colon is missing");
    this.at++;
  }

  #skipString(): void {
    const bytes = this.#bytes;
    for (let at = this.at + 1; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        this.at = at + 1;
        return;
      }
      if (byte === BACKSLASH) {
        at = this.#endOfEscape(at);
      } else if (byte < SPACE) {
        this.at = at;
        throw this.damage("a control character is in a string");
      }
    }
    this.at = bytes.length;
    throw this.damage("a string does not end");
  }

  /** The place of the last byte of the escape that begins at `at`. */
  #endOfEscape(at: number): number {
    const bytes = this.#bytes;
    const byte = bytes[at + 1] ?? -1;
    if (ESCAPES.includes(byte) && byte !== -1) return at + 1;
    const digits = Buffer.from(bytes.subarray(at + 2, at + 6)).toString("latin1");
    if (byte === LETTER_U && /^[0-9a-fA-F]{4}$/.test(digits)) return at + 5;
    this.at = at;
    throw this.damage("an escape is not one of JSON");
  }

  #skipNumber(): void {
    if (this.#bytes[this.at] === MINUS) this.at++;
    const startsWithZero = this.#bytes[this.at] === ZERO;
    if (this.#skipDigits() > 1 && startsWithZero) throw this.damage("a number begins with zero");
    if (this.#bytes[this.at] === POINT) {
      this.at++;
      this.#skipDigits();
    }
    if (((this.#bytes[this.at] ?? 0) | LOWER_CASE) !== LETTER_E) return;
    this.at++;
    const sign = this.#bytes[this.at];
    if (sign === MINUS || sign === PLUS) this.at++;
    this.#skipDigits();
  }

  #skipDigits(): number {
    const from = this.at;
    for (let byte = this.#bytes[from] ?? 0; byte >= ZERO && byte <= NINE; byte = this.#bytes[this.at] ?? 0) this.at++;
    if (this.at === from) throw this.damage("a digit is missing");
    return this.at - from;
  }

  #take(text: Uint8Array): boolean {
    const bytes = this.#bytes;
    const at = this.at;
    for (let index = 0; index < text.length; index++) {
      if (bytes[at + index] !== text[index]) return false;
    }
    this.at = at + text.length;
    return true;
  }
}
