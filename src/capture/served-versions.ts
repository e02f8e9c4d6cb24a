/** In which versions the objects of a custom resource can be had. */
import { isJsonObject, type JsonObject, listIn, objectIn, textIn } from "../kube/json.ts";

/** Besides the one that is preferred, in the order of the definition. */
export function otherServedVersions(definition: JsonObject, preferred: string): readonly string[] {
  return listIn(objectIn(definition, "spec"), "versions")
    .filter(isJsonObject)
    .filter((version) => version["served"] === true)
    .flatMap((version) => textIn(version, "name") ?? [])
    .filter((version) => version !== preferred);
}
