import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../base/finding.ts";
import type { JsonObject } from "../kube/json.ts";
import type { Database } from "./database.ts";
import { readBlueprint } from "./read-blueprint.ts";
import { recogniseDatabases } from "./recognise.ts";

function blueprint(name: string, match: string): string {
  return `{ apiVersion: holdfast.dev/v1alpha1, kind: Blueprint, metadata: { name: ${name} }, spec: { description: d, tested: none, match: ${match}, quiesce: { script: "true" } } }`;
}

const BLUEPRINTS = [
  readBlueprint(blueprint("pg", '{ images: [postgres, "*/postgres"], owners: [Cluster.cnpg.example] }'), "pg"),
  readBlueprint(blueprint("kv", '{ labels: [{ app: kv, role: "*" }] }'), "kv"),
];

interface PodOptions {
  readonly image?: string;
  readonly owner?: JsonObject;
  readonly labels?: JsonObject;
  readonly annotations?: JsonObject;
  readonly claim?: string | undefined;
  readonly phase?: string;
}

function pod(
  name: string,
  { image = "postgres:16", owner, labels = {}, annotations = {}, claim = `data-${name}`, phase = "Running" }: PodOptions,
): JsonObject {
  return {
    metadata: { namespace: "shop", name, labels, annotations, ...(owner === undefined ? {} : { ownerReferences: [owner] }) },
    spec: {
      containers: [
        { name: "side", image: "busybox" },
        { name: "db", image, volumeMounts: claim === "" ? [] : [{ name: "data" }] },
      ],
      volumes: [
        { name: "data", persistentVolumeClaim: { claimName: claim } },
        { name: "other", persistentVolumeClaim: { claimName: "other" } },
      ],
    },
    status: { phase, conditions: [{ type: "Ready", status: "True" }] },
  };
}

function ownedBy(kind: string, name: string, group = "apps/v1"): JsonObject {
  return { apiVersion: group, kind, name, uid: `${kind} ${name}`, controller: true };
}

function object(kind: string, name: string, above?: JsonObject, annotations: JsonObject = {}): JsonObject {
  return { kind, metadata: { name, uid: `${kind} ${name}`, annotations, ...(above === undefined ? {} : { ownerReferences: [above] }) } };
}

function recognise(
  pods: readonly JsonObject[],
  owners: readonly JsonObject[] = [],
): { readonly databases: readonly Database[]; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const databases = recogniseDatabases(pods, { blueprints: BLUEPRINTS, owners, report: (finding) => findings.push(finding) });
  return { databases, findings };
}

function shown(pods: readonly JsonObject[], owners: readonly JsonObject[] = []): readonly string[] {
  const { databases, findings } = recognise(pods, owners);
  return [
    ...databases.map(({ blueprint: one, workload, container, claims }) => [one?.name ?? "-", workload, container, ...claims].join(" ")),
    ...findings.map(({ message }) => message),
  ];
}

test("The pods of one workload are one database, by image, label or owner", () => {
  const set = ownedBy("StatefulSet", "db");
  assert.deepEqual(shown([pod("db-10", { owner: set }), pod("db-2", { owner: set })]), ["pg StatefulSet/db db data-db-2 data-db-10"]);
  const { databases } = recognise([pod("db-10", { owner: set }), pod("db-2", { owner: set })]);
  assert.deepEqual(databases[0]?.pods, [
    { name: "db-2", isReady: true, claims: ["data-db-2"] },
    { name: "db-10", isReady: true, claims: ["data-db-10"] },
  ]);
  assert.deepEqual(shown([pod("a", {})]), ["pg Pod/a db data-a"]);
  const deployment = object("ReplicaSet", "web-1", ownedBy("Deployment", "web"));
  assert.deepEqual(shown([pod("a", { owner: ownedBy("ReplicaSet", "web-1") })], [deployment]), ["pg Deployment/web db data-a"]);
  assert.deepEqual(
    shown([pod("a", { image: "x", labels: { app: "kv", role: "any" }, annotations: { "kubectl.kubernetes.io/default-container": "db" } })]),
    ["kv Pod/a db data-a"],
  );
  assert.deepEqual(shown([pod("a", { image: "x", labels: { app: "kv" } })]), []);
  const operated = object("StatefulSet", "s", ownedBy("Cluster", "c", "cnpg.example/v1"));
  assert.deepEqual(shown([pod("a", { image: "x", owner: ownedBy("StatefulSet", "s") })], [operated]), ["pg StatefulSet/s db data-a"]);
});

test("Clients, Jobs and what is over are no databases", () => {
  assert.deepEqual(
    shown([pod("a", { claim: "" }), pod("b", { owner: ownedBy("Job", "j", "batch/v1") }), pod("c", { phase: "Succeeded" })]),
    [],
  );
});

test("Owners in a circle end", () => {
  const owners = [object("A", "a", ownedBy("B", "b")), object("B", "b", ownedBy("A", "a"))];
  assert.deepEqual(shown([pod("x", { owner: ownedBy("A", "a") })], owners), ["pg A/a db data-x"]);
});

test("An annotation on the pod, or else on its workload, decides", () => {
  const set = ownedBy("StatefulSet", "db");
  const none = { "holdfast.dev/blueprint": "none" };
  assert.deepEqual(shown([pod("a", { annotations: none })]), []);
  assert.deepEqual(shown([pod("a", { owner: set })], [object("StatefulSet", "db", undefined, none)]), []);
  assert.deepEqual(
    shown([pod("a", { owner: set, annotations: { "holdfast.dev/blueprint": "kv" } })], [object("StatefulSet", "db", undefined, none)]),
    ["kv StatefulSet/db db data-a"],
  );
  assert.deepEqual(shown([pod("a", { annotations: { "holdfast.dev/blueprint": "oracle" } })]), [
    'Cannot quiesce Pod/a in namespace "shop": there is no blueprint "oracle"',
  ]);
});

test("Hooks take the place of a blueprint's quiescing, and need both commands", () => {
  const freeze = { "holdfast.dev/freeze-command": '["/bin/x", "it\'s"]' };
  const thaw = { "holdfast.dev/thaw-command": "y --now && z" };
  const hooked = recognise([pod("a", { annotations: { ...freeze, ...thaw, "holdfast.dev/hook-timeout": "90s" } })]).databases[0];
  assert.ok(hooked !== undefined);
  assert.deepEqual(hooked.hooks?.command.slice(4), [String.raw`'/bin/x' 'it'\''s'`, "y --now && z", "90"]);
  assert.deepEqual([hooked.hookPrograms, hooked.blueprint?.name, hooked.hooks.timeoutMs], [["/bin/x", "y"], "pg", 95_000]);
  const plain = { image: "x", claim: "" };
  assert.deepEqual(shown([pod("a", { ...plain, annotations: { ...freeze, ...thaw, "holdfast.dev/hook-container": "db" } })]), [
    "- Pod/a db",
  ]);
  const cases: readonly [JsonObject, RegExp][] = [
    [freeze, /"holdfast.dev\/thaw-command" is missing beside .*: nothing would let it go on$/],
    [thaw, /"holdfast.dev\/freeze-command" is missing/],
    [{ ...freeze, ...thaw, "holdfast.dev/hook-timeout": "soon" }, /"holdfast.dev\/hook-timeout" is no time such as "30s"$/],
    [{ ...freeze, ...thaw, "holdfast.dev/hook-container": "nope" }, /there is no container "nope"$/],
    [{ ...thaw, "holdfast.dev/freeze-command": "[1, 2]" }, /is neither a list of texts in JSON nor a line for a shell$/],
  ];
  for (const [annotations, message] of cases) {
    const { databases, findings } = recognise([pod("a", { ...plain, annotations })]);
    assert.deepEqual([databases, findings.map(({ grade, code }) => [grade, code])], [[], [["partial", "hook_annotation"]]]);
    assert.match(findings[0]?.message ?? "", message);
  }
});
