import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlanEntry } from "./plan.ts";
import { countsOf, shortagesOf } from "./quotas.ts";

const entry = (plural: string, group = ""): PlanEntry => ({
  id: { group, kind: plural, namespace: "n", name: "a" },
  resource: { group, version: "v1", plural },
  action: "create",
});
const needed = countsOf([entry("configmaps"), entry("configmaps"), entry("deployments", "apps")]);
const quota = (hard: object, used: object, spec: object = {}): Parameters<typeof shortagesOf>[0] =>
  ({ metadata: { name: "q" }, spec, status: { hard, used } }) as Parameters<typeof shortagesOf>[0];

test("countsOf() counts objects under all names that quotas have for them", () => {
  assert.deepEqual(Object.fromEntries(needed), { "count/configmaps": 2, configmaps: 2, "count/deployments.apps": 1 });
});

test("shortagesOf() names what a quota has no room for", () => {
  const found = shortagesOf(quota({ configmaps: "3", "count/deployments.apps": "5" }, { configmaps: "2" }), needed, "n");
  assert.deepEqual(found, [{ namespace: "n", quota: "q", counted: "configmaps", free: 1, needed: 2 }]);
  assert.deepEqual(shortagesOf(quota({ configmaps: "2" }, {}), needed, "n"), []);
  assert.deepEqual(shortagesOf(quota({ configmaps: "0" }, {}, { scopes: ["BestEffort"] }), needed, "n"), []);
});
