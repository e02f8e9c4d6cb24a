import assert from "node:assert/strict";
import { test } from "node:test";
import type { Blueprint } from "../../blueprint/blueprint.ts";
import { readBlueprint } from "../../blueprint/read-blueprint.ts";
import type { PlanEntry } from "../plan/plan.ts";
import { isMasked, type MaskRequest, planMasks } from "./plan-masks.ts";

function blueprint(name: string, operations: object = {}): Blueprint {
  const spec = { description: name, tested: "none", match: { images: [name] }, ...operations };
  return readBlueprint(JSON.stringify({ apiVersion: "holdfast.dev/v1alpha1", kind: "Blueprint", metadata: { name }, spec }), "test");
}

function entry(kind: string, name: string, fields: Partial<PlanEntry> = {}): PlanEntry {
  const resource = { group: "apps", version: "v1", plural: `${kind.toLowerCase()}s` };
  return { id: { group: "apps", kind, namespace: "copy", name }, resource, wave: "workloads", action: "create", ...fields };
}

const mask = { mask: { command: ["mask"] } };
const database = { namespace: "shop", workload: "StatefulSet/db", blueprint: "own", untested: true, pod: "db-0", claims: [] };
const request: MaskRequest = {
  databases: [database],
  streams: [],
  blueprints: [blueprint("own", mask), blueprint("other")],
  entries: [entry("StatefulSet", "db"), entry("Deployment", "db")],
  toNamespace: "copy",
};

test("databases are masked by the blueprint that they were recognised by, where they are in the copy", () => {
  const masks = planMasks(request);
  assert.deepEqual(
    masks.map(({ namespace, workload, blueprint: { name } }) => [namespace, workload, name]),
    [["copy", "StatefulSet/db", "own"]],
  );
  assert.deepEqual(
    request.entries.map((one) => isMasked(one, masks)),
    [true, false],
  );
});

test("one that cannot be masked stops all of it", () => {
  const refused = (changes: Partial<MaskRequest>, code: string): void => {
    assert.throws(() => planMasks({ ...request, ...changes }), { code });
  };
  refused({ databases: [] }, "mask_nothing");
  refused({ databases: [database, { ...database, blueprint: "other" }] }, "mask_missing");
  refused({ databases: [{ ...database, blueprint: "hooks" }] }, "mask_missing");
  refused({ databases: [{ ...database, blueprint: "gone" }] }, "blueprint_unknown");
  refused({ streams: [{ namespace: "shop", blueprint: "own", pod: "db-0", path: ["streams", "db"], bytes: 1 }] }, "mask_dump");
  refused({ entries: [entry("Deployment", "db")] }, "mask_not_restored");
  const { wave: _, ...leftOut } = entry("StatefulSet", "db");
  refused({ entries: [leftOut] }, "mask_not_restored");
});
