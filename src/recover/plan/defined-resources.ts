/** The resources that a CustomResourceDefinition makes a cluster serve. */
import { isJsonObject, type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import type { ResourceType } from "../../kube/resource-type.ts";

export const DEFINITIONS = { group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions" } as const;

export function definedResources(definition: JsonObject): readonly ResourceType[] {
  const spec = objectIn(definition, "spec");
  const names = objectIn(spec, "names");
  const [group, kind, plural] = [textIn(spec, "group"), textIn(names, "kind"), textIn(names, "plural")];
  if (group === undefined || kind === undefined || plural === undefined) return [];
  return listIn(spec, "versions")
    .filter(isJsonObject)
    .filter((version) => version["served"] === true)
    .map((version) => ({
      group,
      version: textIn(version, "name") ?? "",
      isPreferred: version["storage"] === true,
      kind,
      plural,
      singular: textIn(names, "singular") ?? kind.toLowerCase(),
      shortNames: [],
      categories: [],
      isNamespaced: textIn(spec, "scope") === "Namespaced",
      verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
      subresources: new Map(Object.keys(objectIn(version, "subresources")).map((name) => [name, ["get", "patch", "update"]] as const)),
    }));
}
