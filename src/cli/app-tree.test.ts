import assert from "node:assert/strict";
import { test } from "node:test";
import type { Contents, WorkloadNode } from "../application/description/app-description.ts";
import type { AppDescription } from "../application/description/describe.ts";
import type { ObjectId } from "../kube/object-id.ts";
import { appTree } from "./app-tree.ts";
import { formatTree } from "./tree.ts";

const id = (kind: string, name: string): ObjectId => ({ group: "", kind, namespace: "shop", name });
const node = (name: string, children: readonly WorkloadNode[] = []): WorkloadNode => ({
  id: id("Pod", name),
  state: "running",
  isReady: true,
  images: [{ image: "web:1", digest: `sha256:${"a".repeat(64)}` }],
  children,
});
const EMPTY: Contents = {
  objects: 1,
  workloads: [],
  configuration: [],
  secrets: [],
  claims: [],
  network: [],
  access: [],
  others: [],
  leftOut: {},
};

function shown(contents: Partial<Contents>, more: Partial<AppDescription> = {}): readonly string[] {
  const dependencies = { found: [], missing: [], uses: [], findings: [] };
  const target = { unit: { kind: "namespace", name: "shop" }, view: undefined } as const;
  return formatTree(appTree({ target, contents: { ...EMPTY, ...contents }, releases: [], dependencies, ...more }), 80).split("\n");
}

test("an image stands at the top of a workload, once", () => {
  assert.deepEqual(shown({ workloads: [node("a", [node("b")])] }), [
    "shop  namespace, 1 object",
    "└─ Workloads",
    "   └─ Pod/a  running",
    "      ├─ image web:1  sha256:aaaaaaaaaaaa",
    "      └─ Pod/b  running",
  ]);
});

test("a long branch is cut, and says by how much", () => {
  const lines = shown({ configuration: Array.from({ length: 30 }, (_, at) => id("ConfigMap", `c-${at}`)) });
  assert.equal(lines.length, 2 + 25 + 1);
  assert.equal(lines.at(-1), "   └─ … and 5 more");
});

test("what is needed comes with the reason, and what an object says cannot steer the terminal", () => {
  const found = { id: { ...id("StorageClass", "fast"), namespace: undefined }, why: "storage class", of: [id("Pod", "a"), id("Pod", "b")] };
  const gone = { ...found, id: { ...found.id, name: "gone" }, of: [id("Pod", "a")] };
  const uses = [{ ...gone, id: id("Service", "db"), why: "calls it", unit: { kind: "namespace", name: "data" } as const }];
  const dependencies = { found: [{ ...found, resource: {} as never, object: {} }], missing: [gone], uses, findings: [] };
  const lines = shown({ secrets: [{ id: id("Secret", "key"), type: "a\u001b[2Jb" }], leftOut: { event: 2 } }, { dependencies });
  assert.deepEqual(lines.slice(1), [
    "├─ Secrets",
    String.raw`│  └─ Secret/key  a\x1b[2Jb`,
    "├─ Needs",
    "│  └─ StorageClass/fast  storage class: Pod/a …",
    "├─ Needs, but there is none",
    "│  └─ StorageClass/gone  storage class: Pod/a",
    "├─ Uses other units",
    "│  └─ namespace/data  Service/db, calls it: Pod/a",
    "└─ Left out",
    "   └─ 2 objects  says what happened, and is gone after an hour",
  ]);
});
