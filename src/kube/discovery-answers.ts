/** The two forms in which an API server says what it serves. What cannot be read is left out: one broken group must not hide the others. */
import { isJsonObject, type JsonValue, listIn, objectIn, textIn } from "./json.ts";
import type { ResourceType } from "./resource-type.ts";

/** One version of one group. Versions of a group come in the order of the server's preference. */
export interface GroupVersion {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Its own server does not answer, and what is known of it may be old or nothing. */
  readonly isStale: boolean;
  readonly resources: readonly ServedResource[];
}

export type ServedResource = Omit<ResourceType, "isPreferred">;

/** An `APIGroupDiscoveryList` of apidiscovery.k8s.io. */
export function groupVersions(list: JsonValue): readonly GroupVersion[] {
  return listIn(list, "items").flatMap((item) => {
    const group = textIn(objectIn(item, "metadata"), "name") ?? "";
    return listIn(item, "versions").map((entry) => {
      const version = textIn(entry, "version") ?? "";
      const resources = listIn(entry, "resources").flatMap((resource) => aggregatedResource(group, version, resource));
      return { group, version, isStale: textIn(entry, "freshness") === "Stale", resources };
    });
  });
}

/** The versions of an `APIGroupList`, or of the core group's `APIVersions`; the resources are yet to be asked for. */
export function plainGroups(answer: JsonValue): readonly Omit<GroupVersion, "isStale" | "resources">[] {
  const core = listIn(answer, "versions").filter((version) => typeof version === "string");
  const others = listIn(answer, "groups").flatMap((item) => {
    const preferred = textIn(objectIn(item, "preferredVersion"), "version");
    const versions = listIn(item, "versions").map((entry) => textIn(entry, "version") ?? "");
    const ordered = preferred === undefined ? versions : [preferred, ...versions.filter((version) => version !== preferred)];
    return ordered.map((version) => ({ group: textIn(item, "name") ?? "", version }));
  });
  return [...core.map((version) => ({ group: "", version })), ...others];
}

/** An `APIResourceList`: subresources stand beside their resources, as `deployments/scale`. */
export function plainVersion({ group, version }: Pick<GroupVersion, "group" | "version">, list: JsonValue): GroupVersion {
  const entries = listIn(list, "resources").filter(isJsonObject);
  const resources = entries.flatMap((entry) => {
    const plural = textIn(entry, "name") ?? "";
    const kind = textIn(entry, "kind") ?? "";
    if (plural === "" || plural.includes("/") || kind === "") return [];
    const isSub = (other: JsonValue): boolean => textIn(other, "name")?.startsWith(`${plural}/`) === true;
    const subresources = entries
      .filter(isSub)
      .map((sub) => [(textIn(sub, "name") ?? "").slice(plural.length + 1), texts(sub, "verbs")] as const);
    const isNamespaced = entry["namespaced"] === true;
    return [{ group, version, kind, plural, isNamespaced, ...names(entry, "singularName", kind), subresources: new Map(subresources) }];
  });
  return { group, version, isStale: false, resources };
}

function aggregatedResource(group: string, version: string, entry: JsonValue): ServedResource[] {
  const plural = textIn(entry, "resource") ?? "";
  const kind = textIn(objectIn(entry, "responseKind"), "kind") ?? "";
  // A resource of which the server knows subresources only has no kind of its own.
  if (plural === "" || kind === "") return [];
  const subresources = listIn(entry, "subresources").map((sub) => [textIn(sub, "subresource") ?? "", texts(sub, "verbs")] as const);
  const isNamespaced = textIn(entry, "scope") === "Namespaced";
  return [{ group, version, kind, plural, isNamespaced, ...names(entry, "singularResource", kind), subresources: new Map(subresources) }];
}

function names(entry: JsonValue, singular: string, kind: string): Pick<ServedResource, "categories" | "shortNames" | "singular" | "verbs"> {
  const given = textIn(entry, singular) ?? "";
  return {
    singular: given === "" ? kind.toLowerCase() : given,
    shortNames: texts(entry, "shortNames"),
    categories: texts(entry, "categories"),
    verbs: texts(entry, "verbs"),
  };
}

function texts(value: JsonValue, name: string): readonly string[] {
  return listIn(value, name).filter((item) => typeof item === "string");
}
