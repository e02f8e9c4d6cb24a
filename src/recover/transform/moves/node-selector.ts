/** `nodeSelector: { disk: ssd, zone: null }`: pods run on other nodes. null takes a label away, what is not named stays. */
import { changeIn } from "../../prepare/edit.ts";
import { isJsonObject } from "../../../kube/json.ts";
import { jsonObjectOf } from "../json-fields.ts";
import { mergePatch } from "../merge-patch.ts";
import { inPodSpecs, type ReadMove } from "./move.ts";

export const nodeSelector: ReadMove = (fields, name) => {
  const labels = jsonObjectOf(fields, name);
  if (Object.keys(labels).length === 0) throw fields.refusal(name, "has no label");
  const isText = Object.values(labels).every((value) => value === null || typeof value === "string");
  if (!isText) throw fields.refusal(name, "has a label whose value is not a text");
  return (object) =>
    inPodSpecs(object, (spec) => {
      const merged = mergePatch(spec, { nodeSelector: labels });
      // The last label that goes takes the selector with it.
      return changeIn(merged, ["nodeSelector"], (left) => (isJsonObject(left) && Object.keys(left).length === 0 ? undefined : left));
    });
};
