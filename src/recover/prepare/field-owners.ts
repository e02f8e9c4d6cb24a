/** Who set a field: a person or a tool through the API, or the server while it stored the object. The latter owns nothing. */
import { isJsonObject, type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../../kube/json.ts";

/** @param path as fieldsV1 spells it: `f:spec`, `k:{"port":80,"protocol":"TCP"}` */
export function isFieldOwned(object: JsonObject, path: readonly string[]): boolean {
  return listIn(objectIn(object, "metadata"), "managedFields").some(
    (entry) => textIn(entry, "subresource") !== "status" && hasPath(objectIn(entry, "fieldsV1"), path),
  );
}

function hasPath(fields: JsonObject, path: readonly string[]): boolean {
  let inner: JsonValue | undefined = fields;
  for (const step of path) inner = isJsonObject(inner) ? inner[step] : undefined;
  return inner !== undefined;
}
