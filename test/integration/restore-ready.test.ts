import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Finding } from "../../src/base/finding.ts";
import type { JsonObject } from "../../src/kube/json.ts";
import { type Awaited, waitUntilReady } from "../../src/recover/ready/wait-until-ready.ts";
import { type Answer, json, scriptedApi } from "../support/scripted-api.ts";

const DEPLOYMENTS = { group: "apps", version: "v1", plural: "deployments" };
const CLAIMS = { group: "", version: "v1", plural: "persistentvolumeclaims" };

function awaited(resource: Awaited["resource"], kind: string, name: string): Awaited {
  return { id: { group: resource.group, kind, namespace: "n", name }, resource };
}

function deployment(name: string, availableReplicas: number): JsonObject {
  const status = { observedGeneration: 1, updatedReplicas: 1, availableReplicas };
  return { metadata: { name, namespace: "n", generation: 1 }, spec: { replicas: 1 }, status };
}

function claim(name: string, storageClassName: string): JsonObject {
  return { metadata: { name, namespace: "n" }, spec: { storageClassName }, status: { phase: "Pending" } };
}

interface Waited {
  readonly findings: readonly Finding[];
  readonly waitedMs: number;
  readonly lines: readonly string[];
}

/** @param answers By the end of the path; the last of several stays. */
async function wait(
  t: TestContext,
  objects: readonly Awaited[],
  timeoutMs: number,
  answers: Readonly<Record<string, readonly JsonObject[]>>,
): Promise<Waited> {
  const asked = new Map<string, number>();
  const answer: Answer = (response, request) => {
    const name = Object.keys(answers).find((end) => request.url.pathname.endsWith(end)) ?? "";
    const at = asked.get(name) ?? 0;
    asked.set(name, at + 1);
    const given = answers[name] ?? [];
    json(given[Math.min(at, given.length - 1)] ?? {})(response, request);
  };
  const { api, requests, waits } = await scriptedApi(t, [answer]);
  const findings = await waitUntilReady({ api, objects, timeoutMs, signal: t.signal });
  return { findings, waitedMs: waits.reduce((sum, ms) => sum + ms, 0), lines: requests.map(({ line }) => line.replace(/\?.*/, "")) };
}

const list = (...items: readonly JsonObject[]): JsonObject => ({ metadata: { resourceVersion: "1" }, items });

test("a restore waits until all is ready, with one list for all objects of a kind", async (t) => {
  const objects = ["a", "b"].map((name) => awaited(DEPLOYMENTS, "Deployment", name));
  const lists = [list(deployment("a", 1), deployment("b", 0)), list(deployment("a", 1), deployment("b", 1))];
  const { findings, waitedMs, lines } = await wait(t, objects, 60_000, { deployments: lists });
  assert.deepEqual(findings, []);
  assert.ok(waitedMs > 0 && waitedMs < 10_000, `${waitedMs} ms`);
  assert.deepEqual(
    lines,
    Array.from({ length: 2 }, () => "GET /apis/apps/v1/namespaces/n/deployments"),
  );
});

test("what is not ready in time is named, with what is missing", async (t) => {
  const objects = [awaited(DEPLOYMENTS, "Deployment", "a"), awaited(DEPLOYMENTS, "Deployment", "gone")];
  const { findings } = await wait(t, objects, 5_000, { deployments: [list(deployment("a", 0))] });
  assert.deepEqual(
    findings.map(({ grade, code, object, message }) => [grade, code, object, message]),
    [
      ["partial", "not_ready", 'Deployment "a" in namespace "n"', "Not ready in time: 0 of 1 ready"],
      ["partial", "not_ready", 'Deployment "gone" in namespace "n"', "Not ready in time: it is not there"],
    ],
  );
});

test("a claim of which no volume is made before a pod uses it is waited for only if there is such a pod", async (t) => {
  const objects = ["used", "unused"].map((name) => awaited(CLAIMS, "PersistentVolumeClaim", name));
  const { findings } = await wait(t, objects, 3_000, {
    persistentvolumeclaims: [list(claim("used", "late"), claim("unused", "late"))],
    "storageclasses/late": [{ volumeBindingMode: "WaitForFirstConsumer" }],
    pods: [list({ metadata: { name: "p" }, spec: { volumes: [{ persistentVolumeClaim: { claimName: "used" } }] } })],
  });
  assert.deepEqual(
    findings.map(({ object }) => object),
    ['PersistentVolumeClaim "used" in namespace "n"'],
  );
});

test("configuration is not waited for: nothing is asked", async (t) => {
  const objects = [awaited({ group: "", version: "v1", plural: "configmaps" }, "ConfigMap", "a")];
  assert.deepEqual((await wait(t, objects, 60_000, {})).lines, []);
});
