/** Names, paths and link targets of files are bytes, in whatever encoding; here they are strings that hold bytes. */
import type { Brand } from "./ids.ts";

/**
 * A string in which each UTF-16 unit is one byte, 0 to 255, as `readdirSync(path, { encoding: "latin1" })` gives names.
 * So `===` compares bytes, and `<` and `sort()` follow the order of bytes.
 */
export type ByteString = Brand<string, "ByteString">;

/** The source of a pattern: one character of well-formed UTF-8 (Unicode standard, table 3-7), its bytes as units. */
export const UTF8_CHARACTER: string = [
  String.raw`[^\x80-\xff]`,
  String.raw`[\xc2-\xdf][\x80-\xbf]`,
  String.raw`\xe0[\xa0-\xbf][\x80-\xbf]`,
  String.raw`[\xe1-\xec\xee\xef][\x80-\xbf]{2}`,
  String.raw`\xed[\x80-\x9f][\x80-\xbf]`,
  String.raw`\xf0[\x90-\xbf][\x80-\xbf]{2}`,
  String.raw`[\xf1-\xf3][\x80-\xbf]{3}`,
  String.raw`\xf4[\x80-\x8f][\x80-\xbf]{2}`,
].join("|");
const TEXT_OR_BYTE = new RegExp(`((?:${UTF8_CHARACTER})+)|[\\x80-\\xff]`, "g");

/** What could end or move a line of a terminal, or turn its direction; and the escape character itself. */
const NOT_SHOWN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\\]/gu;

export function byteString(bytes: Uint8Array): ByteString {
  return viewOf(bytes).toString("latin1") as ByteString;
}

/** The UTF-8 form of a text. A lone surrogate, which has none, becomes U+FFFD. */
export function byteStringOf(text: string): ByteString {
  return Buffer.from(text, "utf8").toString("latin1") as ByteString;
}

/** The bytes, for calls of the file system. */
export function bytesOf(string: ByteString): Buffer {
  return Buffer.from(string, "latin1");
}

/**
 * For people: well-formed UTF-8 as text; other bytes as `\xff`, control characters and what else could garble a line as
 * `\x1b` or `\u{2028}`, a backslash doubled. Different bytes give different texts.
 */
export function displayText(string: ByteString): string {
  return string.replace(TEXT_OR_BYTE, (part: string, text: string | undefined) =>
    text === undefined ? escapedByte(part.charCodeAt(0)) : decodeUtf8(text).replace(NOT_SHOWN, escaped),
  );
}

function decodeUtf8(string: string): string {
  return Buffer.from(string, "latin1").toString("utf8");
}

function escaped(character: string): string {
  if (character === "\\") return String.raw`\\`;
  const codePoint = character.codePointAt(0) ?? 0;
  return codePoint < 0x80 ? escapedByte(codePoint) : String.raw`\u{${codePoint.toString(16)}}`;
}

function escapedByte(byte: number): string {
  return String.raw`\x${byte.toString(16).padStart(2, "0")}`;
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
