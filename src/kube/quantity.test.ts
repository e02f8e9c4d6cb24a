import assert from "node:assert/strict";
import { test } from "node:test";
import { wholeQuantity } from "./quantity.ts";

test("wholeQuantity() reads what Kubernetes writes, and rounds up", () => {
  const cases = [
    ["1Gi", 2 ** 30],
    ["256Mi", 2 ** 28],
    ["1.5Ki", 1536],
    ["500M", 5e8],
    ["1e3", 1000],
    ["100m", 1],
    ["0", 0],
    ["107374182400", 107_374_182_400],
    ["12e", undefined],
    ["1 Gi", undefined],
    ["", undefined],
  ] as const;
  for (const [text, value] of cases) assert.equal(wholeQuantity(text), value, text);
});
