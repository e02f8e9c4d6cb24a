/** A server that lists and gives a few objects, for what only reads a cluster. */
import type { TestContext } from "node:test";
import type { JsonObject } from "../../src/kube/json.ts";
import type { KubeApi } from "../../src/kube/kube-api.ts";
import { idOfObject } from "../../src/kube/object-id.ts";
import type { ResourceTable } from "../../src/kube/resource-table.ts";
import { pathOf } from "../../src/kube/resource-type.ts";
import { type Answer, failed, json, scriptedApi } from "./scripted-api.ts";

export interface ObjectServerOptions {
  /** Paths with this in them may not be read. */
  readonly forbidden?: string | undefined;
}

export async function objectServer(
  test: TestContext,
  table: ResourceTable,
  objects: readonly JsonObject[],
  { forbidden }: ObjectServerOptions = {},
): Promise<KubeApi> {
  const answers = new Map<string, Answer>();
  const lists = new Map<string, JsonObject[]>();
  for (const object of objects) {
    const { name, namespace, ...kind } = idOfObject(object);
    const resource = table.ofKind(kind);
    if (resource === undefined) throw new Error(`${kind.kind} is not served`);
    answers.set(pathOf(resource, { namespace, name }), json(object));
    for (const place of namespace === undefined ? [{}] : [{}, { namespace }]) {
      lists.set(pathOf(resource, place), [...(lists.get(pathOf(resource, place)) ?? []), object]);
    }
  }
  for (const [path, items] of lists) answers.set(path, json({ metadata: { resourceVersion: "1" }, items }));
  const plurals = new Set(table.resources.map(({ plural }) => plural));
  const none = (path: string): Answer => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    return plurals.has(name) ? json({ metadata: { resourceVersion: "1" }, items: [] }) : notFound(name);
  };
  const { api } = await scriptedApi(test, [
    (response, request) => {
      const path = request.url.pathname;
      const isForbidden = forbidden !== undefined && path.includes(forbidden);
      const answer = isForbidden ? failed(403, "Forbidden") : (answers.get(path) ?? none(path));
      answer(response, request);
    },
  ]);
  return api;
}

function notFound(name: string): Answer {
  return json({ kind: "Status", status: "Failure", reason: "NotFound", details: { name } }, 404);
}
