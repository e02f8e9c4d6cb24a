import assert from "node:assert/strict";
import { test } from "node:test";
import { summary } from "./summary.ts";

test("summary() has the stages, what was skipped and failed, and the totals as last line", () => {
  const text = summary([
    { name: "lint", seconds: 1.26, tally: { passed: 1, failures: [], skips: [] } },
    {
      name: "integration",
      seconds: 100,
      tally: { passed: 10, failures: [{ name: "a.test.ts:3 x", text: "no" }], skips: [{ name: "b.test.ts:4 y", reason: "no root" }] },
    },
  ]);
  assert.deepEqual(text.split("\n"), [
    "",
    "lint             1.3 s  1 passed, 0 failed, 0 skipped",
    "integration    100.0 s  10 passed, 1 failed, 1 skipped",
    "",
    "Skipped:",
    "  b.test.ts:4 y: no root",
    "",
    "Failed:",
    "  a.test.ts:3 x",
    "",
    "11 passed, 1 failed, 1 skipped",
  ]);
});
