import assert from "node:assert/strict";
import { test } from "node:test";
import { ResourceTable } from "../../kube/resource-table.ts";
import { chooseVersions } from "./choose-versions.ts";
import { definedResources } from "./defined-resources.ts";

const GROUP = "example.com";

function table(...versions: readonly string[]): ResourceTable {
  return new ResourceTable(
    versions.map((version) => ({ group: GROUP, version, isStale: false, resources: definedResources(definition(version)) })),
  );
}

function definition(...versions: readonly string[]): Parameters<typeof definedResources>[0] {
  const names = { kind: "Thing", plural: "things" };
  return {
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names,
      versions: versions.map((name) => ({ name, served: name !== "v0", storage: false, subresources: { status: {} } })),
    },
  };
}

const captured = (...versions: readonly string[]): Parameters<typeof chooseVersions>[0] =>
  versions.map((version) => ({ group: GROUP, version, plural: "things", kind: "Thing", count: 1 }));

const chosen = (...[versions, served, defined]: Parameters<typeof chooseVersions>): readonly string[] =>
  chooseVersions(versions, served, defined).map((one) => `${one.state} ${one.captured.version}`);

test("chooseVersions() takes the version that the target likes best of those in the point", () => {
  assert.deepEqual(chosen(captured("v1", "v2"), table("v2", "v1"), []), ["served v2"]);
  assert.deepEqual(chosen(captured("v2", "v1"), table("v1"), []), ["served v1"]);
});

test("chooseVersions() counts on definitions in the point only for kinds that the target does not have", () => {
  const defined = definedResources(definition("v0", "v1"));
  assert.deepEqual(chosen(captured("v1"), table(), defined), ["to-be-defined v1"]);
  assert.deepEqual(chosen(captured("v1"), table("v2"), defined), ["other-version v1"]);
  assert.deepEqual(chosen(captured("v0"), table(), defined), ["not-served v0"], "a version that is not served is none");
  assert.deepEqual(chosen(captured("v1"), table(), []), ["not-served v1"]);
});

test("definedResources() reads kinds, scope and subresources", () => {
  const [resource] = definedResources(definition("v1"));
  assert.equal(resource?.isNamespaced, true);
  assert.ok(resource.subresources.has("status"));
  assert.deepEqual(definedResources({ spec: {} }), []);
});
