import assert from "node:assert/strict";
import { test } from "node:test";
import { cutEnd, cutStart, terminalWidth } from "./terminal-width.ts";

const widths = [
  ["", 0],
  ["abc", 3],
  ["grün €", 6],
  ["gru\u0308n", 4],
  ["日本", 4],
  ["한", 2],
  ["😀", 2],
  ["a\u200db", 2],
] as const;
for (const [text, width] of widths) {
  test(`terminalWidth() of "${text}" is ${width}`, () => {
    assert.equal(terminalWidth(text), width);
  });
}

test("cutStart() keeps what fits of the end behind an ellipsis", () => {
  assert.equal(cutStart("abcdef", 6), "abcdef");
  assert.equal(cutStart("abcdef", 4), "…def");
  assert.equal(cutStart("abcdef", 1), "…");
  assert.equal(cutStart("abcdef", 0), "");
  assert.equal(cutStart("日本語", 4), "…語");
});

test("cutEnd() keeps what fits of the start", () => {
  assert.equal(cutEnd("abc", 3), "abc");
  assert.equal(cutEnd("abc", 2), "ab");
  assert.equal(cutEnd("日本", 3), "日");
  assert.equal(cutEnd("abc", 0), "");
});
