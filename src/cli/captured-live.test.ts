import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../kube/json.ts";
import { ObjectDigests } from "../point/diff/object-digests.ts";
import { DifferingFiles } from "./captured-live.ts";

const FOLDER = { resource: { group: "", version: "v1", plural: "configmaps" }, namespace: "shop" };

function pathOf(name: string): readonly string[] {
  return ["objects", "shop", "core", "configmaps", "v1", `${name}.json`];
}

function configMap(name: string, data: JsonObject): JsonObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "shop" }, data };
}

function contentOf(name: string, data: JsonObject): Uint8Array {
  return Buffer.from(JSON.stringify(configMap(name, data)));
}

test("DifferingFiles keeps what differs from the point, and takes back what a list gave that is begun again", () => {
  const before = new ObjectDigests({ view: ({ object }) => object, isAll: false });
  for (const name of ["a", "b"]) before.add({ ...FOLDER, name, object: configMap(name, {}) });
  const files = new DifferingFiles(before);
  const names = (): readonly (readonly string[])[] => [
    Array.from(files.same.values(), ({ name }) => name),
    Array.from(files.differing.values(), ({ name }) => name),
  ];
  files.add(pathOf("a"), contentOf("a", {}));
  files.add(pathOf("b"), contentOf("b", { x: "1" }));
  files.add(pathOf("c"), contentOf("c", {}));
  assert.deepEqual(names(), [["a"], ["b", "c"]]);
  for (const name of ["a", "b", "c"]) files.remove(pathOf(name));
  files.add(pathOf("a"), contentOf("a", { x: "1" }));
  files.add(pathOf("b"), contentOf("b", {}));
  assert.deepEqual(names(), [["b"], ["a"]]);
});
