import assert from "node:assert/strict";
import { test } from "node:test";
import { counted, shownText } from "./shown.ts";

test("shownText() lets nothing steer the terminal", () => {
  assert.equal(shownText("Zürich"), "Zürich");
  assert.equal(shownText("a\x1b[31m\nb"), String.raw`a\x1b[31m\x0ab`);
});

test("counted() has the plural for all but one", () => {
  assert.deepEqual([counted(0, "file"), counted(1, "file"), counted(1234, "file")], ["0 files", "1 file", "1,234 files"]);
});
