import assert from "node:assert/strict";
import { test } from "node:test";
import { atMost, type Outcome, type Part } from "./part.ts";
import { report } from "./report.ts";

test("report() has a column for every figure of a part, and shows in bold which goals are not reached", () => {
  const outcome: Outcome = {
    figures: [
      { what: "first", tool: "velero", values: { "wall s": 10.123, "own status s": 10 } },
      { what: "first", tool: "holdfast", values: { "wall s": 2, "stored kB": 12_345.6 } },
    ],
    goals: [atMost("a quarter", 0.2, 0.25, "x"), atMost("small", 120, 100, " kB")],
  };
  const part: Part<never> = { name: "capture", description: "of a shop", run: async () => outcome };
  assert.deepEqual(report([[part, outcome]]).split("\n"), [
    "### capture: of a shop",
    "",
    "| what | tool | wall s | own status s | stored kB |",
    "| --- | --- | ---: | ---: | ---: |",
    "| first | velero | 10.12 | 10 | – |",
    "| first | holdfast | 2 | – | 12346 |",
    "",
    "| goal | measured |",
    "| --- | ---: |",
    "| a quarter | 0.20x |",
    "| small | **120.00 kB** |",
    "",
  ]);
});
