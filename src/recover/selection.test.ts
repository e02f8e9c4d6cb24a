import assert from "node:assert/strict";
import { test } from "node:test";
import { Selection } from "./selection.ts";

test("Selection takes all without names, and else what is named, in any case, with the namespace and definitions that it needs", () => {
  assert.ok(new Selection({}).includes("ConfigMap", "a"));
  const selection = new Selection({ only: ["Deployment/web", "ConfigMap/none"] });
  assert.ok(selection.includes("Deployment", "web"));
  assert.ok(!selection.includes("Deployment", "other"));
  assert.ok(selection.includes("Namespace", "shop"));
  assert.deepEqual(selection.missing, ["configmap/none"]);
});

test("with volumes only, claims are chosen, and what they need to exist", () => {
  const all = new Selection({ volumes: "only" });
  assert.deepEqual(
    ["PersistentVolumeClaim", "Namespace", "Deployment", "CustomResourceDefinition"].map((kind) => all.includes(kind, "a")),
    [true, true, false, false],
  );
  const one = new Selection({ volumes: "only", only: ["PersistentVolumeClaim/a"] });
  assert.deepEqual(
    ["a", "b"].map((name) => one.includes("PersistentVolumeClaim", name)),
    [true, false],
  );
});
