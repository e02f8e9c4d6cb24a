import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../kube/json.ts";
import { creatorOf, isHalfDone, isSameOwnership, ownersAfterChange, RESTORE_MANAGER } from "./field-manager.ts";

const entry = (manager: string, fieldsV1: JsonObject, more: JsonObject = {}): JsonObject => ({
  manager,
  operation: "Update",
  apiVersion: "v1",
  time: "2026-01-01T00:00:00Z",
  fieldsType: "FieldsV1",
  fieldsV1,
  ...more,
});
const owned = (...managedFields: readonly JsonObject[]): JsonObject => ({ metadata: { managedFields } });

test("creatorOf() is the manager that wrote all of it, or else the restore, whose name is taken out later", () => {
  assert.equal(creatorOf([entry("helm", {})]), "helm");
  assert.equal(creatorOf([entry("helm", {}, { operation: "Apply" })]), RESTORE_MANAGER);
  assert.equal(creatorOf([entry("c", {}, { subresource: "status" })]), RESTORE_MANAGER);
  assert.equal(creatorOf([entry("helm", {}), entry("other", {})]), RESTORE_MANAGER);
  assert.equal(creatorOf([]), RESTORE_MANAGER);
});

test("isSameOwnership() does not look at times nor at the order", () => {
  const [a, b] = [entry("a", { "f:x": {} }), entry("b", { "f:y": {} })];
  assert.ok(isSameOwnership([a, b], [b, { ...a, time: "2027-01-01T00:00:00Z" }]));
  assert.ok(!isSameOwnership([a], [{ ...a, operation: "Apply" }]));
  assert.ok(!isSameOwnership([a], [a, b]));
});

test("isHalfDone() sees the name of the restore", () => {
  assert.ok(isHalfDone(owned(entry("helm", {}), entry(RESTORE_MANAGER, {}))));
  assert.ok(!isHalfDone(owned(entry("helm", {}))));
});

test("ownersAfterChange() gives the changed fields to those of the point, and leaves all others", () => {
  const before = owned(entry("person", { "f:data": { "f:a": {}, "f:mine": {} } }), entry("helm", { "f:data": { "f:b": {} } }));
  const captured = [entry("helm", { "f:data": { "f:a": {}, "f:b": {} } })];
  assert.deepEqual(ownersAfterChange(before, captured, [["data", "a"]]), [
    entry("person", { "f:data": { "f:mine": {} } }),
    entry("helm", { "f:data": { "f:b": {}, "f:a": {} } }),
  ]);
});

test("ownersAfterChange() forgets who owned only what was changed, and takes over who is new", () => {
  const before = owned(entry("person", { "f:data": { "f:a": {} } }));
  const captured = [entry("helm", { "f:data": { "f:a": {} }, "f:other": {} })];
  assert.deepEqual(ownersAfterChange(before, captured, [["data", "a"]]), [entry("helm", { "f:data": { "f:a": {} } })]);
});

test("ownersAfterChange() of what is half done is as in the point", () => {
  const captured = [entry("helm", { "f:data": { "f:a": {} } })];
  assert.deepEqual(ownersAfterChange(owned(entry(RESTORE_MANAGER, { "f:data": {} })), captured, []), captured);
});
