import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Finding } from "../../src/base/finding.ts";
import type { JsonObject } from "../../src/kube/json.ts";
import { keyOf } from "../../src/kube/object-id.ts";
import { execute, type ExecutionResult } from "../../src/recover/execute/execute.ts";
import { maxSpeed } from "../../src/recover/execute/pace.ts";
import { digestOf } from "../../src/recover/plan/digest.ts";
import type { PlannedRestore } from "../../src/recover/plan/make-plan.ts";
import { PLAN_FORMAT, type PlanEntry } from "../../src/recover/plan/plan.ts";
import { prepare } from "../../src/recover/prepare/prepare.ts";
import { targetOf } from "../../src/recover/prepare/target.ts";
import { CONFIG_MAPS } from "../support/kube.ts";
import { pointOf } from "../support/live-point.ts";
import { type Answer, json, lost, scriptedApi } from "../support/scripted-api.ts";

const owner = { manager: "kubectl", operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: { "f:data": { "f:a": {} } } };
const OBJECT: JsonObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", namespace: "n", uid: "old", managedFields: [owner] },
  data: { a: "1" },
};
const LIVE = { ...OBJECT, metadata: { name: "a", namespace: "n", uid: "new", managedFields: [owner] } };

function webhookDown(times: number): readonly Answer[] {
  const message = 'Internal error occurred: failed calling webhook "guard.example.com": connection refused';
  return Array.from({ length: times }, () => json({ kind: "Status", status: "Failure", reason: "InternalError", message }, 500));
}

interface Outcome extends ExecutionResult {
  readonly findings: readonly Finding[];
  readonly lines: readonly string[];
  readonly waits: readonly number[];
}

/** Creates one ConfigMap in a server that answers so. */
async function restoreInto(t: TestContext, ...answers: readonly [Answer, ...Answer[]]): Promise<Outcome> {
  return restoreAs(t, { action: "create" }, answers);
}

async function restoreAs(
  t: TestContext,
  how: Pick<PlanEntry, "action" | "live">,
  answers: readonly [Answer, ...Answer[]],
): Promise<Outcome> {
  const { api, requests, waits } = await scriptedApi(t, answers);
  const source = pointOf([{ resource: CONFIG_MAPS, object: OBJECT }]);
  const [captured] = source.resources;
  assert.ok(captured !== undefined);
  const ready = (object: Parameters<typeof prepare>[0]): ReturnType<typeof prepare> => prepare(object, targetOf({ isSameCluster: true }));
  const prepared = ready({ resource: CONFIG_MAPS, namespace: "n", name: "a", object: OBJECT });
  assert.ok(prepared.kind === "object");
  const id = { group: "", kind: "ConfigMap", namespace: "n", name: "a" };
  const entry: PlanEntry = { id, resource: captured, wave: prepared.wave, ...how, digest: digestOf(prepared) };
  const served = { ...captured, ...CONFIG_MAPS, isPreferred: true, singular: "", shortNames: [], categories: [], isNamespaced: true };
  const planned: PlannedRestore = {
    plan: { format: PLAN_FORMAT, point: "p", cluster: "c", options: { existing: "fail", dependencies: "keep" }, entries: [entry] },
    byKey: new Map([[keyOf(id), entry]]),
    resources: [{ captured, served: { ...served, verbs: [], subresources: new Map() }, state: "served" }],
    uids: { live: new Map(), toBeWritten: new Set(["old"]) },
    volumes: [],
    findings: [],
  };
  const findings: Finding[] = [];
  const report = (finding: Finding): void => void findings.push(finding);
  const result = await execute(planned, { api, source, prepare: ready, pace: maxSpeed, report, signal: t.signal });
  return { ...result, findings, lines: requests.map(({ line }) => line.replace(/\?.*/, "")), waits };
}

const CREATE = "POST /api/v1/namespaces/n/configmaps";
const GET = "GET /api/v1/namespaces/n/configmaps/a";
const exists = json({ kind: "Status", status: "Failure", reason: "AlreadyExists", details: { name: "a" } }, 409);

test("an object of one owner is created in one request, under the name of its owner", async (t) => {
  const { written, failed, findings, lines } = await restoreInto(t, json(LIVE));
  assert.deepEqual([written.size, failed, findings], [1, 0, []]);
  assert.deepEqual(lines, [CREATE]);
});

test("a create whose answer was lost is not done twice, and not taken for somebody else's", async (t) => {
  const { written, failed, findings, lines } = await restoreInto(t, lost, exists, json(LIVE));
  assert.deepEqual([written.size, failed, findings], [1, 0, []]);
  assert.deepEqual(lines, [CREATE, CREATE, GET]);
});

test("what somebody made meanwhile, and otherwise, is left alone and named", async (t) => {
  const { written, failed, findings } = await restoreInto(t, exists, json({ ...LIVE, data: { a: "theirs" } }));
  assert.deepEqual([written.size, failed], [0, 1]);
  assert.deepEqual(findings, [
    {
      grade: "partial",
      code: "changed_meanwhile",
      object: 'ConfigMap "a" in namespace "n"',
      message: 'Cannot create configmaps "a" in namespace "n": there is one already',
    },
  ]);
});

test("a webhook that does not answer yet is asked again later", async (t) => {
  const { written, failed, findings, lines } = await restoreInto(t, ...(webhookDown(3) as [Answer]), json(LIVE));
  assert.deepEqual([written.size, failed, findings], [1, 0, []]);
  assert.deepEqual(lines, [CREATE, CREATE, CREATE, CREATE]);
});

test("a webhook that never answers is named with its words, after a time", async (t) => {
  const { written, failed, findings, waits } = await restoreInto(t, ...(webhookDown(1) as [Answer]));
  assert.deepEqual([written.size, failed, findings.map(({ code }) => code)], [0, 1, ["create_refused"]]);
  assert.match(findings[0]?.message ?? "", /failed calling webhook "guard\.example\.com": connection refused/);
  assert.ok(waits.length > 0);
});

test("a server that is gone ends the restore, which can be repeated", async (t) => {
  await assert.rejects(restoreInto(t, lost), { code: "kube_unavailable" });
});

test("what the server keeps otherwise is told", async (t) => {
  const { findings } = await restoreInto(t, json({ ...LIVE, data: {} }));
  assert.deepEqual(
    findings.map(({ grade, code, message }) => [grade, code, message]),
    [["info", "stored_otherwise", "The cluster keeps it otherwise than it was written: data.a"]],
  );
});

const PLACE = "/api/v1/namespaces/n/configmaps/a";
const REPLACED = { action: "replace", live: { uid: "new", resourceVersion: "1" } } as const;
const invalid = json({ kind: "Status", status: "Failure", reason: "Invalid", message: "data: Forbidden: field is immutable" }, 422);
const gone = json({ kind: "Status", status: "Failure", reason: "NotFound", details: { name: "a" } }, 404);

test("what can never be changed is replaced by deleting it, once the server has said that it can be made again", async (t) => {
  const { written, failed, lines } = await restoreAs(t, REPLACED, [json(LIVE), invalid, exists, json({}), gone, json(LIVE)]);
  assert.deepEqual([written.size, failed], [1, 0]);
  assert.deepEqual(lines, [`GET ${PLACE}`, `PUT ${PLACE}`, CREATE, `DELETE ${PLACE}`, `GET ${PLACE}`, CREATE]);
});

test("nothing is deleted that the server would not take again", async (t) => {
  const { failed, findings, lines } = await restoreAs(t, REPLACED, [json(LIVE), invalid, invalid]);
  assert.deepEqual([failed, findings.map(({ code }) => code)], [1, ["replace_refused"]]);
  assert.deepEqual(lines, [`GET ${PLACE}`, `PUT ${PLACE}`, CREATE]);
});
