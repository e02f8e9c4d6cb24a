/** What `kubectl apply` remembers of an object, in an annotation of it: the next one compares with it, so names in it follow, too. */
import { isJsonObject, type JsonObject, objectIn, parseJson, textIn } from "../../kube/json.ts";
import { changeIn } from "./edit.ts";

export const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** undefined: there is none that can be read. */
export function lastAppliedIn(object: JsonObject): JsonObject | undefined {
  const text = textIn(objectIn(objectIn(object, "metadata"), "annotations"), LAST_APPLIED);
  if (text === undefined) return undefined;
  try {
    const applied = parseJson(text);
    return isJsonObject(applied) ? applied : undefined;
  } catch {
    return undefined;
  }
}

/** One that `edit` does not change keeps its text. */
export function changeLastApplied(object: JsonObject, edit: (applied: JsonObject) => JsonObject): JsonObject {
  const applied = lastAppliedIn(object);
  if (applied === undefined) return object;
  const edited = JSON.stringify(edit(applied));
  if (edited === JSON.stringify(applied)) return object;
  return changeIn(object, ["metadata", "annotations", LAST_APPLIED], () => `${edited}\n`);
}
