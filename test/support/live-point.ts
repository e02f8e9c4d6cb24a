/** What a namespace holds, taken as a restore point into memory: for tests of restores that are not about capturing. */
import type { JsonObject } from "../../src/kube/json.ts";
import { discover } from "../../src/kube/discovery.ts";
import type { KubeApi } from "../../src/kube/kube-api.ts";
import { listPages } from "../../src/kube/list.ts";
import { idOfObject, type ObjectId } from "../../src/kube/object-id.ts";
import { getObject } from "../../src/kube/objects.ts";
import type { ResourceType } from "../../src/kube/resource-type.ts";
import type { PointObject } from "../../src/point/point-object.ts";
import type { PointSource } from "../../src/recover/point-source.ts";

/** @param shared Objects of the cluster that are dependencies, as `customresourcedefinitions/name` */
export async function livePoint(api: KubeApi, namespace: string, shared: readonly string[] = []): Promise<PointSource> {
  const table = await discover(api);
  const found: { readonly resource: ResourceType; readonly object: JsonObject }[] = [];
  const namespaces = table.find("namespaces");
  found.push({ resource: namespaces, object: await getObject(api, namespaces, { name: namespace }) });
  for (const name of shared) {
    const [plural = "", object = ""] = name.split("/");
    const resource = table.find(plural);
    found.push({ resource, object: await getObject(api, resource, { name: object }) });
  }
  for (const resource of table.resources) {
    if (!resource.isNamespaced || !resource.isPreferred || !["create", "list"].every((verb) => resource.verbs.includes(verb))) continue;
    for await (const { items } of listPages(api, resource, { namespace })) {
      found.push(...items.map((object) => ({ resource, object })));
    }
  }
  return pointOf(found, shared.length === 0 ? [] : found.slice(1, 1 + shared.length).map(({ object }) => idOfObject(object)));
}

/** @param dependencies Those that others use, too */
export function pointOf(
  objects: readonly { readonly resource: Pick<ResourceType, "group" | "kind" | "plural" | "version">; readonly object: JsonObject }[],
  dependencies: readonly ObjectId[] = [],
): PointSource {
  const keyed = Map.groupBy(objects, ({ resource: { group, plural, version } }) => `${group}/${version}/${plural}`);
  const resources = [...keyed.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { group: name, version, plural, kind } = first.resource;
    return [{ group: name, version, plural, kind, count: group.length }];
  });
  return {
    id: "01JTEST0000000000000000000",
    resources,
    dependencies: dependencies.map((id) => ({ id, why: "test" })),
    async *objects({ group, plural, version }) {
      for (const { resource, object } of keyed.get(`${group}/${version}/${plural}`) ?? []) {
        const { namespace, name } = idOfObject(object);
        yield {
          resource: { group: resource.group, version: resource.version, plural: resource.plural },
          namespace,
          name,
          object,
        } satisfies PointObject;
      }
    },
  };
}
