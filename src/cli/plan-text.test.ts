import assert from "node:assert/strict";
import { test } from "node:test";
import { AS_IN_POINT, type PlanEntry, PLAN_FORMAT, type RestorePlan } from "../recover/plan/plan.ts";
import { planText } from "./plan-text.ts";
import { terminalWidth } from "./terminal-width.ts";

const entry = (kind: string, name: string, more: Partial<PlanEntry>): PlanEntry => ({
  id: { group: "", kind, namespace: "n", name },
  resource: { group: "", version: "v1", plural: "things" },
  wave: "configuration",
  action: "create",
  ...more,
});
const text = (...entries: readonly PlanEntry[]): string => {
  const plan: RestorePlan = { format: PLAN_FORMAT, point: "P", cluster: "c", options: { existing: "fail", dependencies: "keep" }, entries };
  return planText(plan);
};

test("planText() has the numbers first, then the waves, then what is left out", () => {
  const { wave: _wave, ...leftOut } = entry("Pod", "web-1", { action: "skip", why: 'Deployment "web" makes it again' });
  const shown = text(
    entry("ConfigMap", "a", { grade: "verified" }),
    entry("ConfigMap", "b", { action: "skip", why: AS_IN_POINT }),
    entry("ConfigMap", "c", { action: "update", grade: "checked", doubt: "it is new", changes: [{ path: "data.k", from: "1", to: "2" }] }),
    entry("Secret", "d", { action: "update", grade: "verified", changes: [{ path: "data.p", isHidden: true }] }),
    entry("ConfigMap", "e", { grade: "unknown", refusal: "denied: no" }),
    leftOut,
    { ...leftOut, id: { ...leftOut.id, name: "db-1" }, why: 'StatefulSet "db" makes it again' },
  );
  const cell = (name: string): string => name.padEnd(56);
  assert.equal(
    shown,
    [
      "Plan of restore point P",
      "  2 to create, 2 to update, 0 to replace, 1 to leave as they are; 2 left out",
      "  2 verified, 1 checked, 1 would be refused",
      "  not asked for 1: it is new",
      "",
      "configuration",
      `  create   ${cell("ConfigMap/a")}  verified`,
      `  keep     ${cell("ConfigMap/b")}  the same`,
      `  update   ${cell("ConfigMap/c")}  checked`,
      '           data.k: "1" -> "2"',
      `  update   ${cell("Secret/d")}  verified`,
      "           data.p: changed",
      `  create   ${cell("ConfigMap/e")}  refused`,
      "           denied: no",
      "",
      "left out",
      "  2 objects",
      "  Pod        1  Deployment … makes it again",
      "  Pod        1  StatefulSet … makes it again",
    ].join("\n"),
  );
});

test("planText() keeps to 80 columns, and nothing in it steers a terminal", () => {
  const long = "x".repeat(300);
  const changes = [{ path: `data.${long}`, from: long, to: "\u001b[2J" }];
  const shown = text(entry("ConfigMap", long, { action: "update", why: long, refusal: `${long}\u001b[2J`, changes }));
  assert.ok(shown.split("\n").every((line) => terminalWidth(line) <= 80));
  assert.ok(!shown.includes("\u001b"));
});
