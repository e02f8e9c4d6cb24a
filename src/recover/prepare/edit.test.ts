import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson } from "../../kube/json.ts";
import { at, change, withoutEntries } from "./edit.ts";

const VALUE = { a: [{ b: "x" }, { b: "y" }, { c: 1 }], d: { e: null } };

test("change() changes every value at a path, in a copy", () => {
  const changed = change(VALUE, at("a[].b"), (text) => (typeof text === "string" ? `${text}!` : text));
  assert.deepEqual(changed, { a: [{ b: "x!" }, { b: "y!" }, { c: 1 }], d: { e: null } });
  assert.deepEqual(VALUE.a[0], { b: "x" });
});

test("change() removes what becomes undefined, from objects and from lists", () => {
  assert.deepEqual(
    change(VALUE, at("a[]"), (item) => (JSON.stringify(item).includes("x") ? undefined : item)),
    {
      a: [{ b: "y" }, { c: 1 }],
      d: { e: null },
    },
  );
  assert.deepEqual(
    change(VALUE, at("d.e"), () => undefined),
    { a: VALUE.a, d: {} },
  );
});

test("change() gives the very same value where nothing changes, and makes nothing that is not there", () => {
  assert.equal(
    change(VALUE, at("a[].b"), (text) => text),
    VALUE,
  );
  assert.equal(
    change(VALUE, at("d.f.g"), () => 1),
    VALUE,
  );
  assert.equal(
    change(VALUE, at("__proto__.x"), () => 1),
    VALUE,
  );
});

test("change() keeps every digit of what it does not change", () => {
  const text = '{"a":9007199254740993,"b":"x"}';
  assert.equal(JSON.stringify(change(parseJson(text), at("b"), () => "y")), '{"a":9007199254740993,"b":"y"}');
});

test("withoutEntries() takes a map with its last entry", () => {
  assert.deepEqual(
    withoutEntries({ m: { a: "1", b: "2" } }, ["m"], (name) => name === "a"),
    { m: { b: "2" } },
  );
  assert.deepEqual(
    withoutEntries({ m: { a: "1" } }, ["m"], (name) => name === "a"),
    {},
  );
});
