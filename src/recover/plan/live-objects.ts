/** What is at the target already, of one resource at a time: one list for each namespace, however many objects are to be found in it. */
import { DomainError } from "../../base/errors.ts";
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
import type { ObjectId } from "../../kube/object-id.ts";
import { getObject } from "../../kube/objects.ts";
import type { ResourceType } from "../../kube/resource-type.ts";
import type { TargetNamespaces } from "./target-namespaces.ts";

export type LiveResource = Pick<ResourceType, "group" | "kind" | "plural" | "version">;

export class LiveObjects {
  readonly #api: KubeApi;
  readonly #namespaces: TargetNamespaces;
  readonly #signal: AbortSignal;
  readonly #resource: LiveResource;
  readonly #byNamespace = new Map<string, ReadonlyMap<string, JsonObject>>();

  constructor(api: KubeApi, namespaces: TargetNamespaces, resource: LiveResource, signal: AbortSignal) {
    this.#api = api;
    this.#namespaces = namespaces;
    this.#resource = resource;
    this.#signal = signal;
  }

  async find({ namespace, name }: ObjectId): Promise<JsonObject | undefined> {
    if (namespace !== undefined) return (await this.all(namespace)).get(name);
    // What belongs to the cluster is little of much.
    return getObject(this.#api, this.#resource, { name }, { signal: this.#signal }).catch(onlyIfThere);
  }

  /** By name. */
  async all(namespace: string): Promise<ReadonlyMap<string, JsonObject>> {
    const known = this.#byNamespace.get(namespace);
    if (known !== undefined) return known;
    const found = new Map<string, JsonObject>();
    if (await this.#namespaces.exists(namespace)) {
      for await (const { items } of listPages(this.#api, this.#resource, { namespace, signal: this.#signal })) {
        for (const object of items) found.set(textIn(objectIn(object, "metadata"), "name") ?? "", object);
      }
    }
    this.#byNamespace.set(namespace, found);
    return found;
  }
}

export function onlyIfThere(error: unknown): undefined {
  if (error instanceof DomainError && (error.code === "kube_not_found" || error.code === "kube_not_served")) return undefined;
  throw error;
}
