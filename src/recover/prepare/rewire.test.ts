import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "../../kube/json.ts";
import { managedFields, ownerReferences } from "./rewire.ts";

const OWNER = { apiVersion: "apps/v1", kind: "StatefulSet", controller: true, blockOwnerDeletion: undefined };
const OWNERS = [
  { ...OWNER, uid: "old-1", name: "db" },
  { ...OWNER, uid: "old-2", name: "gone" },
];
const uidOf = ({ uid }: { readonly uid: string }): string | undefined => (uid === "old-1" ? "new-1" : undefined);

test("ownerReferences() names owners by their uid at the target, and leaves out those that are not there", () => {
  assert.deepEqual(ownerReferences(OWNERS, uidOf), [
    { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid: "new-1", controller: true },
  ]);
});

test("managedFields() names the same owners, and changes nothing else", () => {
  const fields = (owners: JsonValue): JsonValue => ({
    manager: "kube-controller-manager",
    fieldsV1: { "f:metadata": { "f:labels": { "f:a": {} }, "f:ownerReferences": owners }, "f:spec": { "f:replicas": {} } },
  });
  const captured = fields({ ".": {}, 'k:{"uid":"old-1"}': { ".": {} }, 'k:{"uid":"old-2"}': {} });
  const other = { manager: "kubectl", fieldsV1: { "f:spec": {} } };
  assert.deepEqual(managedFields({ managedFields: [captured, other], owners: OWNERS }, uidOf), [
    fields({ ".": {}, 'k:{"uid":"new-1"}': { ".": {} } }),
    other,
  ]);
});
