/** Patterns over one name, by the rules of Go's filepath.Match: `*`, `?`, `[a-z]`, `[^a-z]`, and `\` before what is meant literally. */
import type { ByteString } from "../base/byte-string.ts";

export type NameMatcher = (name: string) => boolean;

/** What stands between two stars: literal bytes, and tests of one character each. */
type Piece = readonly (string | CharacterTest)[];
type CharacterTest = (codePoint: number) => boolean;

/** What a byte counts as that is no UTF-8. */
const REPLACEMENT = 0xfffd;

/** @returns undefined if the pattern is malformed */
export function compileName(pattern: ByteString): NameMatcher | undefined {
  const pieces = parsePieces(pattern);
  if (pieces === undefined) return undefined;
  const [first = [], ...rest] = pieces;
  const last = rest.pop();
  return (name) => {
    let at = matchPiece(first, name, 0);
    if (last === undefined) return at === name.length;
    // The leftmost place for each piece leaves most to those after it.
    for (const piece of rest) at = at < 0 ? at : findPiece(piece, name, at);
    return at >= 0 && endsWithPiece(last, name, at);
  };
}

/** @returns where the piece ends, -1 if it is not there */
function matchPiece(piece: Piece, name: string, from: number): number {
  let at = from;
  for (const part of piece) {
    if (typeof part === "string") {
      if (!name.startsWith(part, at)) return -1;
      at += part.length;
    } else {
      if (at >= name.length) return -1;
      const codePoint = characterAt(name, at);
      if (!part(codePoint)) return -1;
      at += widthAt(name, at, codePoint);
    }
  }
  return at;
}

function findPiece(piece: Piece, name: string, from: number): number {
  for (let at = from; at <= name.length; at++) {
    const end = matchPiece(piece, name, at);
    if (end >= 0) return end;
  }
  return -1;
}

function endsWithPiece(piece: Piece, name: string, from: number): boolean {
  const [part = "", more] = piece;
  if (typeof part === "string" && more === undefined) return from + part.length <= name.length && name.endsWith(part);
  for (let at = from; at <= name.length; at++) if (matchPiece(piece, name, at) === name.length) return true;
  return false;
}

function characterAt(bytes: string, at: number): number {
  const byte = bytes.charCodeAt(at);
  return byte < 0x80
    ? byte
    : (Buffer.from(bytes.slice(at, at + 4), "latin1")
        .toString("utf8")
        .codePointAt(0) ?? REPLACEMENT);
}

/** Of the character that was found there, in bytes. */
function widthAt(bytes: string, at: number, codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  if (codePoint === REPLACEMENT && !bytes.startsWith("\xef\xbf\xbd", at)) return 1;
  return codePoint < 0x10000 ? 3 : 4;
}

/** The pieces between the stars, at least one; undefined if the pattern is malformed. */
function parsePieces(pattern: string): Piece[] | undefined {
  let piece: (string | CharacterTest)[] = [];
  const pieces = [piece];
  const addLiteral = (byte: string): void => {
    const previous = piece.at(-1);
    if (typeof previous === "string") piece[piece.length - 1] = previous + byte;
    else piece.push(byte);
  };
  for (let at = 0; at < pattern.length; at++) {
    const byte = pattern.charAt(at);
    if (byte === "*") {
      piece = [];
      pieces.push(piece);
    } else if (byte === "?") {
      piece.push(() => true);
    } else if (byte === "[") {
      const found = parseClass(pattern, at + 1);
      if (found === undefined) return undefined;
      piece.push(found.test);
      at = found.end - 1;
    } else if (byte === "\\") {
      at++;
      if (at === pattern.length) return undefined;
      addLiteral(pattern.charAt(at));
    } else {
      addLiteral(byte);
    }
  }
  return pieces;
}

/** From behind the bracket; `end` is behind the one that closes. */
function parseClass(pattern: string, from: number): { readonly test: CharacterTest; readonly end: number } | undefined {
  const isNegated = pattern.charAt(from) === "^";
  const ranges: (readonly [low: number, high: number])[] = [];
  let at = isNegated ? from + 1 : from;
  const readCharacter = (): number | undefined => {
    if ("-]".includes(pattern.charAt(at))) return undefined;
    if (pattern.charAt(at) === "\\") at++;
    if (at >= pattern.length) return undefined;
    const codePoint = characterAt(pattern, at);
    const width = widthAt(pattern, at, codePoint);
    at += width;
    return codePoint === REPLACEMENT && width === 1 ? undefined : codePoint;
  };
  while (pattern.charAt(at) !== "]" || ranges.length === 0) {
    const low = readCharacter();
    if (low === undefined) return undefined;
    const isRange = pattern.charAt(at) === "-";
    if (isRange) at++;
    const high = isRange ? readCharacter() : low;
    if (high === undefined) return undefined;
    ranges.push([low, high]);
  }
  return { test: (codePoint) => ranges.some(([low, high]) => low <= codePoint && codePoint <= high) !== isNegated, end: at + 1 };
}
