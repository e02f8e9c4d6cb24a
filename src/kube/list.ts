/**
 * Lists in pages. All pages show the state of one moment, that of the first; memory holds one page, whose length follows from how
 * large the objects are.
 */
import { DomainError } from "../base/errors.ts";
import { isJsonObject, type JsonObject, listIn, objectIn, textIn } from "./json.ts";
import type { KubeApi } from "./kube-api.ts";
import { apiVersionOf, describe, pathOf, type ResourcePath } from "./resource-type.ts";

export interface ListOptions {
  /** All of the cluster without one. */
  readonly namespace?: string | undefined;
  /** As the API has it: `app=a,tier in (x,y)`. */
  readonly labelSelector?: string | undefined;
  /** `metadata.name=a` */
  readonly fieldSelector?: string | undefined;
  /** Leaves out everything but `metadata`. */
  readonly isMetadataOnly?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ListPage {
  /** Each with apiVersion and kind, which the server leaves out in lists. */
  readonly items: readonly JsonObject[];
  /** The moment that the list shows; a watch goes on from here. The same for all pages. */
  readonly resourceVersion: string;
}

export const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

const FIRST_LIMIT = 200;
const MAX_LIMIT = 5_000;
const PAGE_BYTES = 512 * 1024;

/** @throws {DomainError} conflict/kube_expired: the list took so long that the server forgot its moment; start again */
export async function* listPages(
  api: KubeApi,
  resource: ResourcePath & { readonly kind: string },
  options: ListOptions = {},
): AsyncGenerator<ListPage, void, undefined> {
  const { namespace, labelSelector, fieldSelector, isMetadataOnly = false, signal } = options;
  const action = `list ${describe(resource, { namespace })}`;
  const request = { method: "GET", action, path: pathOf(resource, { namespace }), signal } as const;
  const accept = isMetadataOnly ? METADATA_LIST : undefined;
  const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  let [next, limit]: [string | undefined, number] = [undefined, FIRST_LIMIT];
  while (true) {
    const query = { limit, continue: next, labelSelector, fieldSelector };
    let answer;
    try {
      answer = await api.request({ ...request, accept, query });
    } catch (error) {
      if (!isTooLong(error) || limit === 1) throw error;
      limit = Math.max(1, Math.floor(limit / 10));
      continue;
    }
    const { value, bytes } = answer;
    const metadata = objectIn(value, "metadata");
    const items = listIn(value, "items").filter(isJsonObject);
    const resourceVersion = textIn(metadata, "resourceVersion");
    if (resourceVersion === undefined) throw new DomainError("unsupported", "kube_no_list", `Cannot ${action}: the answer is not a list`);
    // Metadata comes as PartialObjectMetadata; what it is of counts here, too.
    yield { items: items.map((item) => ({ ...type, ...item, ...type })), resourceVersion };
    next = textIn(metadata, "continue");
    if (next === undefined || next === "") return;
    if (items.length > 0) limit = Math.min(MAX_LIMIT, Math.max(1, Math.floor((PAGE_BYTES * items.length) / bytes)));
  }
}

function isTooLong(error: unknown): boolean {
  return error instanceof DomainError && error.code === "kube_too_long";
}
