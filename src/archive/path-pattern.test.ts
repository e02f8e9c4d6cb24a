import assert from "node:assert/strict";
import { test } from "node:test";
import { type ByteString, byteString, byteStringOf } from "../base/byte-string.ts";
import { DomainError } from "../base/errors.ts";
import { fc } from "../base/testing/property.ts";
import { compilePatterns } from "./path-pattern.ts";

function matches(patterns: readonly string[], path: string, ignoreCase = false): boolean {
  return compilePatterns(patterns.map(byteStringOf), { ignoreCase }).matches(byteStringOf(path));
}

interface Case {
  readonly pattern: string;
  readonly matches: readonly string[];
  readonly not: readonly string[];
}

const cases: readonly Case[] = [
  { pattern: "*.tmp", matches: ["/a.tmp", "/a/b/.tmp", "/x.tmp/below/it"], not: ["/", "/tmp", "/a.tmp2"] },
  { pattern: "node_modules", matches: ["/node_modules", "/a/node_modules/b"], not: ["/node_modules2", "/a"] },
  { pattern: "a/b", matches: ["/a/b", "/x/a/b/y"], not: ["/a/x/b", "/b/a", "/a"] },
  { pattern: "/home", matches: ["/home", "/home/a"], not: ["/", "/a/home", "/homes"] },
  { pattern: "/home/*/cache", matches: ["/home/a/cache", "/home/a/cache/x"], not: ["/home/cache", "/home/a/b/cache"] },
  { pattern: "/home/**/cache", matches: ["/home/cache", "/home/a/b/cache/x"], not: ["/cache", "/x/home/cache"] },
  { pattern: "a/**/b/**/c", matches: ["/x/a/b/c", "/a/1/b/2/3/c/d"], not: ["/a/c/b", "/b/a/c"] },
  { pattern: "/a/**", matches: ["/a", "/a/b"], not: ["/", "/b/a"] },
  { pattern: "**", matches: ["/a", "/a/b"], not: ["/"] },
  { pattern: "/", matches: ["/", "/a"], not: [] },
  { pattern: "/a/./b/../c//", matches: ["/a/c"], not: ["/a/b/c"] },
  { pattern: "a**c", matches: ["/abc", "/ac"], not: ["/a/c"] },
  { pattern: "?", matches: ["/a", "/ä", "/€", "/😀"], not: ["/ab", "/"] },
  { pattern: "[a-cx]*[^0-9]", matches: ["/a1b", "/x-", "/cä"], not: ["/d", "/a1", "/a"] },
  { pattern: "[ä-ü]", matches: ["/ö"], not: ["/z", "/ÿ"] },
  { pattern: String.raw`\*\[[\]\-]`, matches: ["/*[]", "/*[-"], not: ["/a[]"] },
  { pattern: "*a*ba", matches: ["/aba", "/xaxbaba"], not: ["/ba", "/abab"] },
  { pattern: "A", matches: ["/A"], not: ["/a"] },
  { pattern: "!a", matches: [], not: ["/a", "/b"] },
];
for (const { pattern, matches: does, not } of cases) {
  test(`compilePatterns() with "${pattern}" matches what restic's does`, () => {
    for (const path of does) assert.ok(matches([pattern], path), `"${path}" is to match`);
    for (const path of not) assert.ok(!matches([pattern], path), `"${path}" is not to match`);
  });
}

test("compilePatterns() takes them in order: one with ! takes back what those before it matched", () => {
  assert.ok(!matches(["*.log", "!keep.log"], "/keep.log"));
  assert.ok(matches(["*.log", "!keep.log"], "/a.log"));
  assert.ok(matches(["!keep.log", "*.log"], "/keep.log"));
  assert.ok(matches(["*.log", "!keep.log", "", "/tmp"], "/tmp/keep.log"));
});

test("compilePatterns() ignores case in every script where asked, and takes other bytes as they are", () => {
  assert.ok(matches(["*.JPG"], "/a.jPg", true));
  assert.ok(matches(["grün*Σ"], "/GRÜN ΑΣ", true));
  assert.ok(!matches(["*.JPG"], "/a.jpg"));
  const odd = byteString(Uint8Array.of(0x2f, 0xc3, 0x41));
  assert.ok(compilePatterns([byteStringOf("?a")], { ignoreCase: true }).matches(odd));
  assert.ok(!compilePatterns([byteStringOf("Ã*")]).matches(odd));
});

const below: readonly (readonly [patterns: readonly string[], may: readonly string[], not: readonly string[]])[] = [
  [["/home/a/b"], ["/", "/home", "/home/a", "/home/a/b/c"], ["/x", "/home/x", "/home/a/x"]],
  [["/home/**/b"], ["/", "/home", "/home/x/y"], ["/x"]],
  [["*.txt"], ["/", "/x"], []],
  [
    ["/a", "/b/c", "!/a/x"],
    ["/a", "/b"],
    ["/a/x", "/c"],
  ],
  [[], [], ["/"]],
];
for (const [patterns, may, not] of below) {
  test(`mayMatchBelow() with ${JSON.stringify(patterns)} is false only where nothing can match`, () => {
    const compiled = compilePatterns(patterns.map(byteStringOf));
    for (const path of may) assert.ok(compiled.mayMatchBelow(byteStringOf(path)), `"${path}" is to be entered`);
    for (const path of not) assert.ok(!compiled.mayMatchBelow(byteStringOf(path)), `"${path}" is not to be entered`);
  });
}

for (const pattern of ["[", "[]", "[a", "[a-]", "[-a]", "[]a]", "a\\", "/x/[a/b]", String.raw`[\x`]) {
  test(`compilePatterns() refuses "${pattern}"`, () => {
    const isRefusal = (error: unknown): boolean => error instanceof DomainError && error.code === "path_pattern";
    assert.throws(() => compilePatterns([byteStringOf(pattern)]), isRefusal);
  });
}

/** Slow and plain: every way to give "**" some names, every place to start, every share of a star. */
function naive(pattern: string, names: readonly string[]): boolean {
  const isAnchored = pattern.startsWith("/");
  const parts = pattern.split("/").filter((part) => part !== "");
  const from = (start: number): boolean => expand(parts, names.slice(start));
  return isAnchored ? from(0) : names.some((_, start) => from(start));
}

function expand(parts: readonly string[], names: readonly string[]): boolean {
  const [part, ...rest] = parts;
  if (part === undefined) return true;
  if (part === "**")
    return Array.from({ length: names.length + 1 }, (_, skipped) => skipped).some((skipped) => expand(rest, names.slice(skipped)));
  const [name, ...more] = names;
  return name !== undefined && matchesName(part, name) && expand(rest, more);
}

function matchesName(part: string, name: string): boolean {
  if (part === "") return name === "";
  if (part.startsWith("*")) return matchesName(part.slice(1), name) || (name !== "" && matchesName(part, name.slice(1)));
  return name !== "" && (part.startsWith("?") || part.charAt(0) === name.charAt(0)) && matchesName(part.slice(1), name.slice(1));
}

const letters = fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 5 }).map((parts) => parts.join(""));
const globs = fc.array(fc.constantFrom("a", "b", "*", "?"), { minLength: 1, maxLength: 5 }).map((parts) => parts.join(""));
const part = fc.oneof(letters, globs, fc.constant("**"));

test("compilePatterns() agrees with a naive matcher", () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(part, { minLength: 1, maxLength: 4 }),
      fc.array(letters, { maxLength: 6 }),
      (isAnchored, parts, names) => {
        const pattern = `${isAnchored ? "/" : ""}${parts.join("/")}`;
        const compiled = compilePatterns([pattern as ByteString]);
        assert.equal(compiled.matches(`/${names.join("/")}` as ByteString), naive(pattern, names));
        const parent = `/${names.slice(0, -1).join("/")}` as ByteString;
        if (naive(pattern, names)) assert.ok(compiled.mayMatchBelow(parent));
      },
    ),
    { numRuns: 2000 },
  );
});

test("compilePatterns() takes no exponential time", () => {
  const stars = byteStringOf("*a".repeat(60) + "b");
  const doubles = byteStringOf("**/a/".repeat(60) + "b");
  const path = byteStringOf(`/${"a".repeat(250)}${"/a".repeat(400)}`);
  assert.ok(!compilePatterns([stars, doubles]).matches(path));
});
