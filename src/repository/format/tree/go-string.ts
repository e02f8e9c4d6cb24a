/**
 * Strings in trees, as Go writes them: encoding/json, which also escapes what is special in HTML; names once more before that, by
 * strconv.Quote, so that they survive whatever bytes they have.
 */
import { isUtf8 } from "node:buffer";
import { type ByteString, bytesOf, UTF8_CHARACTER } from "../../../base/byte-string.ts";
import { PRINTABLE_IN_GO } from "./go-printable.ts";

/** Nothing that either form would escape, and so most names. */
const PLAIN = /^[ !#-%'-;=?-[\]-~]*$/;
const PRINTABLE = new RegExp(`^${PRINTABLE_IN_GO}$`, "v");
/** The same for names beyond ASCII, decoded. */
const PLAIN_TEXT = new RegExp(String.raw`^[${PRINTABLE_IN_GO}--["\\<>\&]]*$`, "v");
/** Plain runs are left alone: a character of more than one byte, a byte that is not UTF-8, or ASCII to look at. */
const TO_LOOK_AT = new RegExp(String.raw`(?:(?![^\x80-\xff])(?:${UTF8_CHARACTER}))|[^ !#-%'-;=?-[\]-~]`, "g");

const JSON_SHORT = new Map([
  ['"', String.raw`\"`],
  ["\\", String.raw`\\`],
  ["\b", String.raw`\b`],
  ["\f", String.raw`\f`],
  ["\n", String.raw`\n`],
  ["\r", String.raw`\r`],
  ["\t", String.raw`\t`],
]);
const GO_SHORT = new Map([...JSON_SHORT, ["\x07", String.raw`\a`], ["\v", String.raw`\v`]]);

/** How text stands between the quotes of a JSON string. What is not UTF-8 becomes `\ufffd`, byte by byte. */
export function toGoJson(text: ByteString): ByteString {
  return PLAIN.test(text) ? text : (text.replace(TO_LOOK_AT, jsonForm) as ByteString);
}

/** How a name stands between the quotes of a JSON string. Any bytes survive. */
export function toGoQuotedJson(name: ByteString): ByteString {
  if (PLAIN.test(name)) return name;
  const bytes = bytesOf(name);
  if (isUtf8(bytes) && PLAIN_TEXT.test(bytes.toString("utf8"))) return name;
  return toGoJson(name.replace(TO_LOOK_AT, quotedForm) as ByteString);
}

function jsonForm(character: string): string {
  if (character.length > 1)
    return character === "\xe2\x80\xa8" ? String.raw`\u2028` : character === "\xe2\x80\xa9" ? String.raw`\u2029` : character;
  const code = character.charCodeAt(0);
  if (code === 0x7f) return character;
  return JSON_SHORT.get(character) ?? (code >= 0x80 ? String.raw`\ufffd` : String.raw`\u${hex(code, 4)}`);
}

function quotedForm(character: string): string {
  if (character.length > 1) {
    const text = bytesOf(character as ByteString).toString("utf8");
    const code = text.codePointAt(0) ?? 0;
    if (PRINTABLE.test(text)) return character;
    return code > 0xffff ? String.raw`\U${hex(code, 8)}` : String.raw`\u${hex(code, 4)}`;
  }
  const code = character.charCodeAt(0);
  if (code >= 0x20 && code < 0x7f && character !== '"' && character !== "\\") return character;
  return GO_SHORT.get(character) ?? String.raw`\x${hex(code, 2)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

const JSON_ESCAPE = /\\(?:u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?|(["\\/bfnrt]))/g;
/** What a writer other than restic may have left: bytes that are not UTF-8. */
const NOT_UTF8 = new RegExp(`(${UTF8_CHARACTER})|[\\x80-\\xff]`, "g");
const ASCII = /^[^\x80-\xff]*$/;
const JSON_LETTERS: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const REPLACEMENT = "\xef\xbf\xbd";

/** The text of a JSON string, in UTF-8. What is not UTF-8, and a lone surrogate, becomes U+FFFD. @param json Valid, without its quotes. */
export function fromGoJson(json: ByteString): ByteString {
  const utf8 = ASCII.test(json)
    ? json
    : json.replace(NOT_UTF8, (byte: string, character: string | undefined) => character ?? (byte && REPLACEMENT));
  if (!utf8.includes("\\")) return utf8 as ByteString;
  return utf8.replace(JSON_ESCAPE, unescapedJson) as ByteString;
}

function unescapedJson(_: string, first: string | undefined, second: string | undefined, short: string | undefined): string {
  if (short !== undefined) return JSON_LETTERS[short] ?? short;
  const units = [first, second].filter((digits) => digits !== undefined).map((digits) => Number.parseInt(digits, 16));
  return Buffer.from(String.fromCharCode(...units), "utf8").toString("latin1");
}

const GO_ESCAPE = /\\(?:([abfnrtv"\\])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|["\\\n]/g;
const GO_LETTERS: Readonly<Record<string, string>> = { ...JSON_LETTERS, a: "\x07", v: "\v" };

/** No unit of a ByteString: stands for an escape that Go refuses. */
const REFUSED = "\uffff";
const MAX_CODE_POINT = 0x10ffff;

/** The name behind a JSON string of toGoQuotedJson(), or undefined if that is no Go string. @param json Valid, without its quotes. */
export function fromGoQuotedJson(json: ByteString): ByteString | undefined {
  if (PLAIN.test(json) || (!json.includes("\\") && isUtf8(bytesOf(json)))) return json;
  const name = fromGoJson(json).replace(GO_ESCAPE, unescapedGo);
  return name.includes(REFUSED) ? undefined : (name as ByteString);
}

function unescapedGo(_: string, short?: string, byte?: string, octal?: string, bmp?: string, any?: string): string {
  if (short !== undefined) return GO_LETTERS[short] ?? short;
  if (byte !== undefined) return String.fromCharCode(Number.parseInt(byte, 16));
  if (octal !== undefined) return octal <= "377" ? String.fromCharCode(Number.parseInt(octal, 8)) : REFUSED;
  const codePoint = Number.parseInt(bmp ?? any ?? "", 16);
  const isCharacter = codePoint <= MAX_CODE_POINT && !(codePoint >= 0xd800 && codePoint <= 0xdfff);
  return isCharacter ? Buffer.from(String.fromCodePoint(codePoint), "utf8").toString("latin1") : REFUSED;
}
