import assert from "node:assert/strict";
import { test } from "node:test";
import { changeLines } from "./change-lines.ts";
import { fieldChanges } from "./field-changes.ts";

const WIDTH = { width: 60 };

test("changeLines() writes a change into one line where it fits", () => {
  assert.deepEqual(changeLines(fieldChanges({ spec: { a: 1, b: "x" } }, { spec: { a: 2, c: ["y"] } }), WIDTH), [
    "~ spec.a: 1 -> 2",
    '- spec.b: "x"',
    '+ spec.c: ["y"]',
  ]);
});

test("changeLines() writes long values below each other, and no line is too long", () => {
  const lines = changeLines(fieldChanges({ image: `a${"x".repeat(40)}` }, { image: `b${"x".repeat(90)}` }), WIDTH);
  assert.deepEqual(lines, ["~ image", `    - "a${"x".repeat(40)}"`, `    + "b${"x".repeat(51)}…`]);
  assert.ok(lines.every((line) => line.length <= 60));
});

test("changeLines() shows of texts the lines that differ, with their numbers", () => {
  const before = "a\nb\nc\nd\n";
  assert.deepEqual(changeLines(fieldChanges({ data: { f: before } }, { data: { f: "a\nB\nC\nd\n" } }), WIDTH), [
    "~ data.f",
    "    - 2: b",
    "    - 3: c",
    "    + 2: B",
    "    + 3: C",
  ]);
  const many = Array.from({ length: 30 }, (_, index) => String(index)).join("\n");
  assert.equal(changeLines(fieldChanges({ f: before }, { f: many }), WIDTH).at(-1), "    + and 20 more lines");
});

test("changeLines() says that a value of a Secret changed, and that items have another order", () => {
  const secret = (a: string): { apiVersion: string; kind: string; data: { a: string } } => ({
    apiVersion: "v1",
    kind: "Secret",
    data: { a },
  });
  assert.deepEqual(changeLines(fieldChanges(secret("x"), secret("y")), WIDTH), ["~ data.a: (secret value changed)"]);
  const list = [{ name: "a" }, { name: "b" }];
  assert.deepEqual(changeLines(fieldChanges({ l: list }, { l: list.toReversed() }), WIDTH), ['~ l (order): ["a","b"] -> ["b","a"]']);
});

test("changeLines() lets nothing steer a terminal", () => {
  const [line = ""] = changeLines(fieldChanges({ "a\u001b[2J": "\u009b1m" }, { "a\u001b[2J": "\u202ex" }), WIDTH);
  assert.doesNotMatch(line, /[\p{Cc}\p{Bidi_Control}]/u);
});
