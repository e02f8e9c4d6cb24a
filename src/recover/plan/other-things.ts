/** What is in a namespace besides what a point brings: a restore that nobody told what to do about it leaves such a namespace alone. */
import { DomainError } from "../../base/errors.ts";
import { type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
import { idOfObject, keyOf, type ObjectId } from "../../kube/object-id.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import type { ResourceType } from "../../kube/resource-type.ts";
import type { Prepare } from "../point-source.ts";

export interface OtherThings {
  readonly table: ResourceTable;
  readonly namespace: string;
  /** Keys of all that the point brings. */
  readonly planned: ReadonlySet<string>;
  /** Tells what a restore would leave out, and so what does not count. */
  readonly prepare: Prepare;
  readonly signal: AbortSignal;
}

/** Enough to name. */
const MAX_FOUND = 100;

export async function otherThings(api: KubeApi, { table, namespace, planned, prepare, signal }: OtherThings): Promise<readonly ObjectId[]> {
  const found: ObjectId[] = [];
  for (const resource of table.resources) {
    if (!resource.isPreferred || !resource.isNamespaced || !["create", "list"].every((verb) => resource.verbs.includes(verb))) continue;
    try {
      for await (const { items } of listPages(api, resource, { namespace, signal })) {
        const others = items.filter((object) => !planned.has(keyOf(idOfObject(object))) && isThing(resource, object, prepare));
        found.push(...others.map(idOfObject));
        if (found.length >= MAX_FOUND) return found.slice(0, MAX_FOUND);
      }
    } catch (error) {
      // What cannot be seen cannot be counted; an aggregated server that is down says nothing.
      if (!(error instanceof DomainError) || error.kind === "cancelled") throw error;
    }
  }
  return found;
}

function isThing(resource: ResourceType, object: JsonObject, prepare: Prepare): boolean {
  const metadata = objectIn(object, "metadata");
  const isChild = listIn(metadata, "ownerReferences").some((owner) => objectIn({ owner }, "owner")["controller"] === true);
  if (isChild) return false;
  const [namespace, name] = [textIn(metadata, "namespace"), textIn(metadata, "name") ?? ""];
  const prepared = prepare({ resource, namespace, name, object });
  return prepared.kind === "object" && !prepared.isMerged;
}
