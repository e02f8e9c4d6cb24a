import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../kube/json.ts";
import { RESTORE_MANAGER } from "../field-manager.ts";
import { prepare } from "../prepare/prepare.ts";
import { targetOf } from "../prepare/target.ts";
import { decide, type Found } from "./decide.ts";

const GROUPS: Readonly<Record<string, string>> = { CustomResourceDefinition: "apiextensions.k8s.io" };

function found(kind: string, there: JsonObject | undefined, more: Partial<Found> = {}): Found {
  const group = GROUPS[kind] ?? "";
  const apiVersion = group === "" ? "v1" : `${group}/v1`;
  const isOfCluster = kind === "Namespace" || kind === "CustomResourceDefinition";
  const namespace = isOfCluster ? undefined : "n";
  const metadata = { name: "a", ...(namespace === undefined ? {} : { namespace }), labels: { l: "1" } };
  const original = { apiVersion, kind, metadata, ...(isOfCluster ? {} : { data: { k: "1" } }) };
  const resource = { group, version: "v1", plural: `${kind.toLowerCase()}s` };
  const prepared = prepare({ resource, namespace, name: "a", object: original }, targetOf({ isSameCluster: true }));
  assert.ok(prepared.kind === "object");
  const live = there === undefined ? undefined : { ...original, ...there };
  return { prepared, original, live, isDependency: false, ...more };
}

const DIFFERENT = { data: { k: "2" }, metadata: { name: "a", labels: { l: "2" } } };
const actions = (of: Found): readonly string[] =>
  (["fail", "keep", "update", "replace"] as const).map((existing) => decide(of, existing, "keep").action);

test("decide() creates what is not there", () => {
  assert.deepEqual(actions(found("ConfigMap", undefined)), ["create", "create", "create", "create"]);
});

test("decide() leaves what is as in the point: so a restore can be repeated", () => {
  assert.deepEqual(actions(found("ConfigMap", {})), ["skip", "skip", "skip", "replace"]);
});

test("decide() does with what is there and different as it is told", () => {
  const changed = found("ConfigMap", DIFFERENT);
  assert.deepEqual(actions(changed), ["exists", "skip", "update", "replace"]);
  assert.deepEqual(
    decide(changed, "update", "keep").difference?.changes.map(({ path }) => path),
    ["metadata.labels.l", "data.k"],
  );
});

test("decide() finishes what an earlier restore left half done, whatever it was told", () => {
  const metadata = { name: "a", managedFields: [{ manager: RESTORE_MANAGER }] };
  assert.deepEqual(actions(found("ConfigMap", { ...DIFFERENT, metadata })), ["update", "update", "update", "update"]);
  assert.equal(decide(found("ConfigMap", { metadata }), "fail", "keep").isHalfDone, true);
});

test("decide() begins nothing where something is being deleted", () => {
  const metadata = { name: "a", deletionTimestamp: "2026-01-01T00:00:00Z" };
  assert.deepEqual(new Set(actions(found("ConfigMap", { metadata }))), new Set(["terminating"]));
});

test("decide() never replaces namespaces, claims and definitions", () => {
  assert.deepEqual(actions(found("Namespace", DIFFERENT)), ["skip", "skip", "update", "update"]);
  assert.deepEqual(actions(found("PersistentVolumeClaim", DIFFERENT)), ["exists", "skip", "update", "update"]);
  assert.deepEqual(actions(found("CustomResourceDefinition", DIFFERENT)), ["skip", "skip", "skip", "skip"]);
});

test("decide() keeps what others use, unless it is told to update that", () => {
  const shared = found("ConfigMap", DIFFERENT, { isDependency: true });
  assert.deepEqual(actions(shared), ["skip", "skip", "skip", "skip"]);
  assert.equal(decide(shared, "fail", "update").action, "update");
});
