import assert from "node:assert/strict";
import { test } from "node:test";
import { matches, parseSelector, selectorOf } from "./selector.ts";

const labels = { app: "shop", tier: "web", "app.kubernetes.io/part-of": "shop", empty: "" };

const cases: readonly (readonly [selector: string, isMatch: boolean])[] = [
  ["app=shop", true],
  ["app==shop", true],
  ["app=other", false],
  ["app!=other,tier=web", true],
  ["app!=shop", false],
  ["none!=a", true],
  ["tier in (db, web)", true],
  ["tier in (db)", false],
  ["tier notin (db,cache),app=shop", true],
  ["none notin (a)", true],
  ["app.kubernetes.io/part-of", true],
  ["none", false],
  ["!none", true],
  ["!app", false],
  ["empty=", true],
  [" app = shop , tier in (web) ", true],
];
for (const [selector, isMatch] of cases) {
  test(`"${selector}" ${isMatch ? "matches" : "does not match"}`, () => assert.equal(matches(parseSelector(selector), labels), isMatch));
}

for (const selector of ["", " ", "app=shop,", "=a", "a=b c", "a in b", "a in (b", "-a", "a=-b", "a in (-b)", "a>1"]) {
  test(`"${selector}" is refused`, () => assert.throws(() => parseSelector(selector), { kind: "usage", code: "selector" }));
}

test("selectorOf() reads those of objects, and lets one that it does not understand match nothing", () => {
  const selector = selectorOf({ matchLabels: { app: "shop" }, matchExpressions: [{ key: "tier", operator: "NotIn", values: ["db"] }] });
  assert.ok(selector !== undefined);
  assert.deepEqual([matches(selector, labels), matches(selector, { app: "shop", tier: "db" })], [true, false]);
  assert.equal(selectorOf({}), undefined);
  assert.equal(selectorOf({ matchLabels: { app: "shop" }, matchExpressions: [{ key: "a", operator: "Gt", values: ["1"] }] }), undefined);
});
