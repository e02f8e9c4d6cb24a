import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, byteStringOf } from "../base/byte-string.ts";
import { DomainError } from "../base/errors.ts";
import { CACHE_FOLDER, hasHeader, parseFolderMark, parsePatternFile } from "./exclude.ts";

const files: readonly (readonly [name: string, text: string, patterns: readonly string[]])[] = [
  ["skips comments and empty lines", "# a comment\n\n*.tmp\n   \n  # another\n!keep", ["*.tmp", "!keep"]],
  ["trims lines, whatever ends them", "\t a b \r\nc\r\n", ["a b", "c"]],
  ["keeps a hash inside of a line", "a#b\n\\#c\n", ["a#b", "\\#c"]],
  ["skips a byte order mark", "\ufeff*.tmp\n", ["*.tmp"]],
  ["fills in variables", "$HOME/x\n${HOME}y\n$NONE/z\n$$HOME\na$\n$1\n", ["/home/ä/x", "/home/äy", "/z", "$HOME", "a$", "$1"]],
  ["keeps letters whose bytes look like spaces", "à\u0085x\n\u00a0\n", ["à\u0085x", "\u00a0"]],
];
for (const [name, text, patterns] of files) {
  test(`parsePatternFile() ${name}`, () => {
    assert.deepEqual(parsePatternFile(Buffer.from(text), { HOME: "/home/ä" }), patterns.map(byteStringOf));
  });
}

test("parsePatternFile() keeps bytes that are no UTF-8", () => {
  assert.deepEqual(
    parsePatternFile(Uint8Array.of(0xa0, 0x0a, 0xff, 0x20), {}).map((pattern) => bytesOf(pattern).toString("hex")),
    ["a0", "ff"],
  );
});

test("parseFolderMark() reads a name, and a header behind the first colon", () => {
  assert.deepEqual(parseFolderMark(".nobackup"), { fileName: ".nobackup", header: "" });
  assert.deepEqual(parseFolderMark("TAG:a: b"), { fileName: "TAG", header: "a: b" });
  for (const text of ["", ":header", "a/b", ".."]) {
    assert.throws(
      () => parseFolderMark(text),
      (error) => error instanceof DomainError && error.code === "folder_mark",
    );
  }
});

test("hasHeader() looks at the first bytes only", () => {
  const tag = "Signature: 8a477f597d28d172789f06886806bc55";
  assert.ok(hasHeader(CACHE_FOLDER, Buffer.from(tag)));
  assert.ok(hasHeader(CACHE_FOLDER, Buffer.from(`${tag}\n# made by a test\n`)));
  assert.ok(!hasHeader(CACHE_FOLDER, Buffer.from(tag.slice(0, -1))));
  assert.ok(!hasHeader(CACHE_FOLDER, Buffer.from(` ${tag}`)));
  assert.ok(hasHeader(parseFolderMark("x"), new Uint8Array(0)));
});
