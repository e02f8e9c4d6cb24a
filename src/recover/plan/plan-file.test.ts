import assert from "node:assert/strict";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PLAN_FORMAT, type PlanEntry, type RestorePlan } from "./plan.ts";
import { outdated, readPlan, writePlan } from "./plan-file.ts";

const entry = (name: string, more: Partial<PlanEntry> = {}): PlanEntry => ({
  id: { group: "", kind: "ConfigMap", namespace: "n", name },
  resource: { group: "", version: "v1", plural: "configmaps" },
  wave: "configuration",
  action: "create",
  digest: "d",
  ...more,
});
const plan = (...entries: readonly PlanEntry[]): RestorePlan => ({
  format: PLAN_FORMAT,
  point: "p",
  cluster: "c",
  options: { existing: "fail", dependencies: "keep" },
  entries,
});
const live = (resourceVersion: string): NonNullable<PlanEntry["live"]> => ({ uid: "u", resourceVersion });

test("a plan that was written is read as it was, and only its owner may read it", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-plan-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "plan");
  await writePlan(path, plan(entry("a")));
  assert.deepEqual(await readPlan(path), plan(entry("a")));
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await writeFile(path, "{}");
  await assert.rejects(readPlan(path), { code: "plan_file", message: /it is none, or of another version/ });
  await writeFile(path, "a");
  await assert.rejects(readPlan(path), { code: "plan_file", message: /it is not JSON/ });
  await assert.rejects(readPlan(join(folder, "none")), { code: "plan_file", message: /ENOENT/ });
});

test("outdated() finds nothing where all is as it was", () => {
  const update = entry("b", { action: "update", live: live("1") });
  assert.deepEqual(outdated(plan(entry("a"), update), plan(entry("a"), update)), []);
  const skip = (resourceVersion: string): PlanEntry => entry("c", { action: "skip", live: live(resourceVersion) });
  assert.deepEqual(outdated(plan(skip("1")), plan(skip("2"))), [], "what is left as it is may change");
});

test("outdated() says what is not as it was", () => {
  const a = `ConfigMap "a" in namespace "n"`;
  const changes = (saved: RestorePlan, fresh: RestorePlan): readonly string[] => outdated(saved, fresh);
  assert.deepEqual(changes(plan(), { ...plan(), cluster: "other" }), ["this is another cluster"]);
  assert.deepEqual(changes(plan(entry("a")), plan(entry("a", { action: "skip", live: live("1") }))), [`${a} is there now`]);
  assert.deepEqual(changes(plan(entry("a", { action: "update", live: live("1") })), plan(entry("a"))), [`${a} is gone`]);
  assert.deepEqual(
    changes(plan(entry("a", { action: "update", live: live("1") })), plan(entry("a", { action: "update", live: live("2") }))),
    [`${a} has been changed`],
  );
  assert.deepEqual(changes(plan(entry("a")), plan(entry("a", { digest: "e" }))), [`${a} would be written differently`]);
  assert.deepEqual(changes(plan(), plan(entry("a"))), [`${a} is not in the plan`]);
  assert.deepEqual(changes(plan(entry("a")), plan()), [`${a} is not restored any more`]);
});
