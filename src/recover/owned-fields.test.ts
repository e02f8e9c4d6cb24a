import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldsAt, union, withoutFields } from "./owned-fields.ts";

const FIELDS = { "f:data": { ".": {}, "f:a": {}, "f:b": {} }, "f:spec": { "f:selector": {} } };

test("fieldsAt() gives what is at a path or below, and a map that is owned as one for all in it", () => {
  assert.deepEqual(fieldsAt(FIELDS, ["data", "a"]), { "f:data": { "f:a": {} } });
  assert.deepEqual(fieldsAt(FIELDS, ["data"]), { "f:data": { ".": {}, "f:a": {}, "f:b": {} } });
  assert.deepEqual(fieldsAt(FIELDS, ["spec", "selector", "app"]), { "f:spec": { "f:selector": {} } });
  assert.equal(fieldsAt(FIELDS, ["data", "c"]), undefined);
});

test("withoutFields() takes out a path, and what is left empty by it", () => {
  assert.deepEqual(withoutFields({ "f:data": { "f:a": {} }, "f:x": {} }, ["data", "a"]), { "f:x": {} });
  assert.deepEqual(withoutFields(FIELDS, ["data", "a"]), { ...FIELDS, "f:data": { ".": {}, "f:b": {} } });
  assert.deepEqual(withoutFields(FIELDS, ["spec", "selector", "app"]), FIELDS, "a map that is owned as one stays so");
  assert.deepEqual(withoutFields(FIELDS, ["nothing"]), FIELDS);
});

test("union() joins two sets", () => {
  assert.deepEqual(union({ "f:data": { "f:a": {} } }, { "f:data": { "f:b": {} }, "f:x": {} }), {
    "f:data": { "f:a": {}, "f:b": {} },
    "f:x": {},
  });
});
