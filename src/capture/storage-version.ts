/** In which version etcd has the objects of a custom resource. */
import { isJsonObject, type JsonObject, listIn, objectIn, textIn } from "../kube/json.ts";

/** undefined: it is not served, so nobody can ask for it. */
export function storageVersion(definition: JsonObject): string | undefined {
  const versions = listIn(objectIn(definition, "spec"), "versions").filter(isJsonObject);
  const stored = versions.find((version) => version["storage"] === true && version["served"] === true);
  return textIn(stored, "name");
}
