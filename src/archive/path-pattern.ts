/**
 * Patterns over absolute paths, as restic's users know them. A pattern is cut at its slashes; each part matches one name of the
 * path, by the rules of Go's filepath.Match (`*`, `?`, `[a-z]`, `[^a-z]`, `\` before what is meant literally), and the part `**`
 * matches any number of names. With a slash in front a pattern starts at the root, else anywhere; it matches what lies below, too.
 * After `!` it takes back what patterns before it matched.
 */
import { posix } from "node:path";
import { type ByteString, byteStringOf, bytesOf, displayText } from "../base/byte-string.ts";
import { DomainError } from "../base/errors.ts";
import { compileName, type NameMatcher } from "./name-pattern.ts";

export interface PathPatterns {
  /** @param path Absolute, without a slash at its end. */
  matches(path: ByteString): boolean;
  /** Whether something below this folder could match: false means that it need not be entered to look for matches. */
  mayMatchBelow(folder: ByteString): boolean;
}

export interface PatternOptions {
  /** Letters of any script, in names that are UTF-8. */
  readonly ignoreCase?: boolean | undefined;
}

/**
 * Empty patterns are skipped.
 *
 * @throws {DomainError} usage/path_pattern
 */
export function compilePatterns(patterns: readonly ByteString[], { ignoreCase = false }: PatternOptions = {}): PathPatterns {
  const fold = ignoreCase ? lowerCase : (text: ByteString): ByteString => text;
  const compiled = patterns.filter((text) => text !== "").map((text) => compilePattern(fold(text)));
  return {
    matches(path) {
      const names = namesOf(fold(path));
      let matched = false;
      for (const pattern of compiled) if (matched === pattern.isNegated && pattern.matches(names)) matched = !matched;
      return matched;
    },
    mayMatchBelow(folder) {
      const names = namesOf(fold(folder));
      let may = false;
      for (const pattern of compiled) may = pattern.isNegated ? may && !pattern.matches(names) : may || pattern.mayMatchBelow(names);
      return may;
    },
  };
}

interface Pattern {
  readonly isNegated: boolean;
  readonly matches: (names: readonly string[]) => boolean;
  readonly mayMatchBelow: (names: readonly string[]) => boolean;
}

function namesOf(path: string): readonly string[] {
  return path === "/" ? [] : path.slice(1).split("/");
}

function compilePattern(text: ByteString): Pattern {
  const isNegated = text.startsWith("!");
  const clean = posix.normalize(isNegated ? text.slice(1) : text);
  const isAnchored = clean.startsWith("/");
  const parts = clean.split("/").filter((part) => part !== "");
  const runs = runsOf(parts.map((part) => (part === "**" ? "**" : nameMatcher(part as ByteString, text))));
  const [first = [], ...rest] = runs;
  return {
    isNegated,
    matches(names) {
      // Only "**" on its own is a pattern without names that is not anchored, and the root has no name.
      let at = isAnchored ? matchRun(first, names, 0) : names.length === 0 ? -1 : findRun(first, names, 0);
      for (const run of rest) at = at < 0 ? at : findRun(run, names, at);
      return at >= 0;
    },
    mayMatchBelow: (names) => !isAnchored || matchRun(first.slice(0, names.length), names, 0) >= 0,
  };
}

function nameMatcher(part: ByteString, pattern: ByteString): NameMatcher {
  const matcher = compileName(part);
  if (matcher !== undefined) return matcher;
  throw new DomainError("usage", "path_pattern", `Cannot use pattern "${displayText(pattern)}": "${displayText(part)}" is malformed`, {
    hint: 'Write "\\[" for a bracket and "\\\\" for a backslash that are meant literally',
  });
}

/** Names that follow each other directly: what stands between two "**". */
type Run = readonly NameMatcher[];

function runsOf(parts: readonly (NameMatcher | "**")[]): readonly Run[] {
  const runs: NameMatcher[][] = [[]];
  for (const part of parts) {
    if (part === "**") runs.push([]);
    else runs.at(-1)?.push(part);
  }
  return runs;
}

/** @returns index of the name after the run, -1 if it is not there */
function matchRun(run: Run, names: readonly string[], from: number): number {
  const end = from + run.length;
  if (end > names.length) return -1;
  return run.every((matches, index) => matches(names[from + index] ?? "")) ? end : -1;
}

function findRun(run: Run, names: readonly string[], from: number): number {
  for (let at = from; at + run.length <= names.length; at++) if (matchRun(run, names, at) >= 0) return at + run.length;
  return -1;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function lowerCase(string: ByteString): ByteString {
  if (!/[\x80-\xff]/.test(string)) return string.toLowerCase() as ByteString;
  try {
    // Letter by letter: in a word, the lower case of a sigma depends on where it stands.
    return byteStringOf(Array.from(UTF8.decode(bytesOf(string)), (letter) => letter.toLowerCase()).join(""));
  } catch {
    return string.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()) as ByteString;
  }
}
