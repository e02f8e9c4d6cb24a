import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../base/testing/property.ts";
import { type JsonObject, type JsonValue, parseJson } from "../../kube/json.ts";
import { fieldChanges } from "./field-changes.ts";

/** `~ spec.replicas 1 2` */
function changes(before: JsonObject, after: JsonObject, isAll = false): readonly string[] {
  return fieldChanges(before, after, { isAll }).map(({ path, what, before: old, after: now }) =>
    [what, path, ...[old, now].filter((value) => value !== undefined).map((value) => JSON.stringify(value))].join(" "),
  );
}

test("fieldChanges() names fields as people do, and keys that are no names in brackets", () => {
  assert.deepEqual(
    changes(
      { spec: { replicas: 1, paused: true }, metadata: { annotations: { "example.com/a": "1" } } },
      { spec: { replicas: 2, title: "x" }, metadata: { annotations: { "example.com/a": "2" } } },
    ),
    [
      "changed spec.replicas 1 2",
      "removed spec.paused true",
      'added spec.title "x"',
      'changed metadata.annotations[example.com/a] "1" "2"',
    ],
  );
});

test("fieldChanges() tells items apart by what names them, wherever they stand", () => {
  const container = (name: string, image: string): JsonObject => ({ name, image });
  assert.deepEqual(
    changes({ c: [container("a", "1"), container("b", "1")] }, { c: [container("x", "1"), container("b", "2"), container("a", "1")] }),
    ['changed c[b].image "1" "2"', 'added c[x] {"name":"x","image":"1"}', 'reordered c ["a","b"] ["b","a"]'],
  );
  assert.deepEqual(
    changes(
      {
        p: [
          { port: 80, to: 1 },
          { port: 81, to: 1 },
        ],
      },
      { p: [{ port: 81, to: 2 }] },
    ),
    ['removed p[80] {"port":80,"to":1}', "changed p[81].to 1 2"],
  );
});

test("fieldChanges() takes what stands in the place of an item that is gone for the same", () => {
  const item = (host: string): JsonObject => ({ host, port: 1 });
  assert.deepEqual(changes({ r: [item("a"), item("b")] }, { r: [item("c"), item("b")] }), ['changed r[0].host "a" "c"']);
  assert.deepEqual(changes({ r: [item("a")] }, { r: [item("b"), item("a")] }), ['added r[b] {"host":"b","port":1}']);
});

test("fieldChanges() tells items that share their names apart by their place", () => {
  const mounts = [
    { name: "a", mountPath: "/x" },
    { name: "a", mountPath: "/y" },
  ];
  assert.deepEqual(changes({ m: mounts }, { m: [mounts[0] ?? {}, { name: "a", mountPath: "/y", readOnly: true }] }), [
    "added m[/y].readOnly true",
  ]);
  assert.deepEqual(changes({ l: [{ a: 1 }, { a: 1 }] }, { l: [{ a: 1 }, { a: 2 }] }), ["changed l[1].a 1 2"]);
});

test("fieldChanges() takes a list of plain values as one", () => {
  assert.deepEqual(changes({ args: ["a", "b"] }, { args: ["a", "c"] }), ['changed args ["a","b"] ["a","c"]']);
});

test("fieldChanges() passes over what servers write, unless asked for all", () => {
  const object = (version: string): JsonObject => ({
    metadata: {
      name: "a",
      resourceVersion: version,
      annotations: { "deployment.kubernetes.io/revision": version },
      uid: version,
      managedFields: [{ time: version }],
      ownerReferences: [{ name: "b", uid: version }],
    },
    status: { phase: version },
  });
  assert.deepEqual(changes(object("1"), object("2")), []);
  assert.equal(changes(object("1"), object("2"), true).length, 6);
});

test("fieldChanges() says of a Secret what changed, and never what it was or is", () => {
  const secret = (part: JsonObject): JsonObject => ({ apiVersion: "v1", kind: "Secret", metadata: { name: "a" }, ...part });
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "hunter2", other: "shown" };
  const pairs: readonly [JsonObject, JsonObject][] = [
    [secret({ data: { a: "hunter2", b: "hunter2" } }), secret({ data: { a: "hunter3", c: "hunter4" } })],
    [secret({}), secret({ data: { a: "hunter2" }, stringData: { b: "hunter2" } })],
    [secret({}), secret({ metadata: { name: "a", annotations } })],
    [secret({ metadata: { name: "a", annotations } }), secret({})],
    [secret({ data: ["hunter2"] }), secret({ data: ["hunter3"] })],
    [secret({ data: "hunter2" }), secret({ data: null })],
  ];
  for (const [before, after] of pairs) assert.doesNotMatch(JSON.stringify(fieldChanges(before, after)), /hunter/);
  assert.deepEqual(changes(...(pairs[0] ?? [{}, {}])), ["changed data.a", "removed data.b", "added data.c"]);
  assert.deepEqual(changes(...(pairs[2] ?? [{}, {}])), [
    "added metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]",
    'added metadata.annotations.other "shown"',
  ]);
});

test("fieldChanges() compares every digit", () => {
  const number = (text: string): JsonObject => parseJson(`{"a":${text}}`) as JsonObject;
  assert.deepEqual(changes(number("9007199254740993"), number("9007199254740993")), []);
  assert.deepEqual(changes(number("9007199254740993"), number("9007199254740992")), ["changed a 9007199254740993 9007199254740992"]);
});

test("fieldChanges() finds a change exactly where two objects differ, whatever the order of fields", () => {
  const value = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;
  const named = fc.dictionary(fc.string({ minLength: 1 }), value, { maxKeys: 5 });
  fc.assert(
    fc.property(named, named, (before, after) => {
      assert.deepEqual(fieldChanges(before, Object.fromEntries(Object.entries(before).toReversed()), { isAll: true }), []);
      const isEqual = fieldChanges({ x: before }, { x: after }, { isAll: true }).length === 0;
      assert.equal(isEqual, canonical(before) === canonical(after));
    }),
  );
});

function canonical(value: JsonValue): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  );
}
