/** Versions that differ in a field or two, or in their name only. */
import { isJsonObject, type JsonObject, listIn, objectIn } from "../../../kube/json.ts";
import { at, changeIn, without } from "../edit.ts";

export function sameShape(object: JsonObject): JsonObject {
  return object;
}

/** An empty selector meant no pod, and means every pod now. */
export function budgetOfBeta(object: JsonObject): JsonObject {
  const selector = objectIn(objectIn(object, "spec"), "selector");
  const isEmpty = Object.keys(objectIn(selector, "matchLabels")).length === 0 && listIn(selector, "matchExpressions").length === 0;
  return isEmpty ? changeIn(object, at("spec.selector"), () => undefined) : object;
}

/** The field got another name, and the same meaning. */
export function priorityLevelOfBeta(object: JsonObject): JsonObject {
  return changeIn(object, at("spec.limited"), (limited) => {
    if (!isJsonObject(limited)) return limited;
    const { assuredConcurrencyShares, ...rest } = limited;
    return assuredConcurrencyShares === undefined ? limited : { ...rest, nominalConcurrencyShares: assuredConcurrencyShares };
  });
}

/** A selector was taken from the labels of the pods if there was none. */
export function workloadOfBeta(object: JsonObject): JsonObject {
  return changeIn(object, ["spec"], (spec) => {
    if (!isJsonObject(spec)) return spec;
    const labels = objectIn(objectIn(objectIn(spec, "template"), "metadata"), "labels");
    return { selector: { matchLabels: labels }, ...without(spec, ["rollbackTo", "templateGeneration"]) };
  });
}
