import assert from "node:assert/strict";
import { test } from "node:test";
import { type Change, ResourceList } from "../../src/capture/resource-list.ts";
import { type JsonObject, objectIn, textIn } from "../../src/kube/json.ts";
import { CONFIG_MAPS } from "../support/kube.ts";
import { type Answer, failed, json, scriptedApi } from "../support/scripted-api.ts";

const RESOURCE = {
  ...CONFIG_MAPS,
  isPreferred: true,
  singular: "configmap",
  shortNames: [],
  categories: [],
  isNamespaced: true,
  verbs: ["list"],
  subresources: new Map<string, readonly string[]>(),
};
const expired = failed(410, "Expired");

function page(names: readonly string[], next = "", version = "7"): Answer {
  const items = names.map((name) => ({ metadata: { name, namespace: "n", uid: `uid-${name}`, resourceVersion: version } }));
  return json({ kind: "ConfigMapList", metadata: { resourceVersion: "9", continue: next }, items });
}

interface Capture {
  readonly list: ResourceList;
  readonly kept: Set<string>;
  restarts: number;
  run(): Promise<void>;
}

function capture(list: ResourceList): Capture {
  const kept = new Set<string>();
  const result: Capture = {
    list,
    kept,
    restarts: 0,
    run: () =>
      list.capture({
        take: (object: JsonObject) => kept.add(textIn(objectIn(object, "metadata"), "name") ?? "").size > 0,
        restart: () => {
          kept.clear();
          result.restarts++;
        },
        room: async () => undefined,
      }),
  };
  return result;
}

test("a list whose moment the server has forgotten begins anew, and keeps nothing of the one before", async (t) => {
  const { api } = await scriptedApi(t, [page(["a", "gone"], "more"), expired, page(["a"], "more"), page(["b"])]);
  const captured = capture(new ResourceList(api, { resource: RESOURCE, namespace: "n" }, t.signal));
  await captured.run();
  assert.deepEqual([[...captured.kept], captured.restarts, captured.list.count], [["a", "b"], 1, 2]);
});

test("a list that never comes to an end in time is given up, with the server's reason", async (t) => {
  const { api, requests } = await scriptedApi(t, [expired]);
  const captured = capture(new ResourceList(api, { resource: RESOURCE, namespace: "n" }, t.signal));
  await assert.rejects(captured.run(), { kind: "conflict", code: "kube_expired" });
  assert.equal(requests.length, 6);
});

test("a kind whose definition is deleted meanwhile has no objects, and those that were captured are gone", async (t) => {
  const notServed = failed(404, "NotFound");
  const { api } = await scriptedApi(t, [notServed, page(["a"]), notServed]);
  const gone = capture(new ResourceList(api, { resource: RESOURCE, namespace: "n" }, t.signal));
  await gone.run();
  assert.deepEqual([gone.list.count, gone.kept.size], [0, 0]);
  const going = capture(new ResourceList(api, { resource: RESOURCE, namespace: "n" }, t.signal));
  await going.run();
  const changes = await going.list.changes(() => true);
  assert.deepEqual(changes, [{ namespace: "n", name: "a", how: "disappeared" }]);
});

test("a second look names what appeared, changed and went, and counts an object of the same name as another one", async (t) => {
  const again = json({
    kind: "ConfigMapList",
    metadata: { resourceVersion: "20" },
    items: [
      { metadata: { name: "same", namespace: "n", uid: "uid-same", resourceVersion: "7" } },
      { metadata: { name: "changed", namespace: "n", uid: "uid-changed", resourceVersion: "8" } },
      { metadata: { name: "remade", namespace: "n", uid: "another", resourceVersion: "9007199254740993" } },
      { metadata: { name: "new", namespace: "n", uid: "uid-new", resourceVersion: "12" } },
      { metadata: { name: "foreign", namespace: "n", uid: "uid-foreign", resourceVersion: "12" } },
    ],
  });
  const { api, requests } = await scriptedApi(t, [page(["same", "changed", "remade", "gone"]), again]);
  const captured = capture(new ResourceList(api, { resource: RESOURCE, namespace: "n" }, t.signal));
  await captured.run();
  const changes = await captured.list.changes((object) => (object["metadata"] as JsonObject)["name"] !== "foreign");
  const sorted = changes.map(({ name, how }: Change) => `${name} ${how}`).toSorted();
  assert.deepEqual(sorted, ["changed changed", "gone disappeared", "new appeared", "remade changed"]);
  assert.match(requests[1]?.headers.accept ?? "", /PartialObjectMetadataList/);
});
