import assert from "node:assert/strict";
import { test } from "node:test";
import { Selection } from "./selection.ts";

test("Selection takes all without names, and else what is named, in any case, with the namespace and definitions that it needs", () => {
  assert.ok(new Selection(undefined).includes("ConfigMap", "a"));
  const selection = new Selection(["Deployment/web", "ConfigMap/none"]);
  assert.ok(selection.includes("Deployment", "web"));
  assert.ok(!selection.includes("Deployment", "other"));
  assert.ok(selection.includes("Namespace", "shop"));
  assert.deepEqual(selection.missing, ["configmap/none"]);
});
