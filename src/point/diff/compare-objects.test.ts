import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../kube/json.ts";
import { shortId } from "../../kube/object-id.ts";
import type { PointObject } from "../point-object.ts";
import { compareObjects } from "./compare-objects.ts";
import type { View } from "./object-digests.ts";

function object(name: string, data: JsonObject, version = "v1", metadata: JsonObject = {}): PointObject {
  return {
    resource: { group: "", version, plural: "configmaps" },
    namespace: "shop",
    name,
    object: { apiVersion: version, kind: "ConfigMap", metadata: { name, namespace: "shop", ...metadata }, data },
  };
}

async function* stream(objects: readonly PointObject[]): AsyncGenerator<PointObject, void, undefined> {
  yield* objects;
}

const whole: View = ({ object: one }) => one;

async function differences(
  before: readonly PointObject[],
  after: readonly PointObject[],
  { view = whole, isAll = false }: { readonly view?: View; readonly isAll?: boolean } = {},
): Promise<readonly string[]> {
  const found = compareObjects({
    before: stream(before),
    readBefore: async ({ resource, name }) => {
      const one = before.find((candidate) => candidate.name === name && candidate.resource.version === resource.version);
      assert.ok(one);
      return one.object;
    },
    after: () => stream(after),
    view,
    isAll,
  });
  const all = await Array.fromAsync(found);
  return all.map(({ what, id, changes }) => [what, shortId(id), ...changes.map(({ path }) => path)].join(" "));
}

test("compareObjects() says what came, went and changed, whatever the order", async () => {
  const before = [object("a", { x: "1" }), object("b", { x: "1" }), object("c", { x: "1" })];
  const after = [object("d", {}), object("c", { x: "2" }), object("a", { x: "1" })];
  assert.deepEqual(await differences(before, after), ["added ConfigMap/d", "changed ConfigMap/c data.x", "removed ConfigMap/b"]);
});

test("compareObjects() passes over what servers write, unless asked for all", async () => {
  const [before, after] = [[object("a", {}, "v1", { resourceVersion: "1" })], [object("a", {}, "v1", { resourceVersion: "2" })]];
  assert.deepEqual(await differences(before, after), []);
  assert.deepEqual(await differences(before, after, { isAll: true }), ["changed ConfigMap/a metadata.resourceVersion"]);
});

test("compareObjects() takes another order of fields for no change", async () => {
  assert.deepEqual(await differences([object("a", { x: "1", y: "2" })], [object("a", { y: "2", x: "1" })]), []);
});

test("compareObjects() compares an object once, in a version that both sides have", async () => {
  const before = [object("a", { x: "1" }, "v1"), object("a", { y: "1" }, "v2")];
  assert.deepEqual(await differences(before, [object("a", { y: "2" }, "v2"), object("a", { x: "2" }, "v1")]), [
    "changed ConfigMap/a data.y",
  ]);
  assert.deepEqual(await differences(before, [object("a", { x: "2" }, "v1")]), ["changed ConfigMap/a data.x"]);
  assert.deepEqual(await differences([object("a", {}, "v1")], [object("a", {}, "v2")]), ["changed ConfigMap/a apiVersion"]);
});

test("compareObjects() sees no more of objects than it is shown", async () => {
  const view: View = ({ name, object: { data: _data, ...rest } }) => (name === "hidden" ? undefined : rest);
  const before = [object("a", { x: "1" }), object("b", {}), object("hidden", {})];
  const after = [object("a", { x: "2" }), object("b", {}, "v1", { labels: { new: "1" } }), object("new", {})];
  assert.deepEqual(await differences(before, after, { view }), ["changed ConfigMap/b metadata.labels", "added ConfigMap/new"]);
  assert.deepEqual(await differences(after, [...before, object("hidden", { x: "3" })], { view }), [
    "changed ConfigMap/b metadata.labels",
    "removed ConfigMap/new",
  ]);
});
