/** `storageClass: { from, to }`: claims ask for another class. Without `from` all of them do. */
import { idOfObject } from "../../../kube/object-id.ts";
import { at } from "../../prepare/edit.ts";
import { inAny, inPodSpecs, partsOf, type ReadMove } from "./move.ts";

const CLAIM = [at("spec.storageClassName")];
const TEMPLATES = [at("spec.volumeClaimTemplates[].spec.storageClassName")];
const EPHEMERAL = [at("volumes[].ephemeral.volumeClaimTemplate.spec.storageClassName")];

export const storageClass: ReadMove = (fields, name) => {
  const move = partsOf(fields, name, ["from", "to"]);
  const from = move.text("from");
  const to = move.requiredText("to");
  const moved = (captured: unknown): string | undefined => (from === undefined || captured === from ? to : undefined);
  return (object) => {
    const { kind, group } = idOfObject(object);
    if (group === "" && kind === "PersistentVolumeClaim") return inAny(object, CLAIM, moved);
    const inTemplates = group === "apps" && kind === "StatefulSet" ? inAny(object, TEMPLATES, moved) : undefined;
    return inPodSpecs(inTemplates ?? object, (spec) => inAny(spec, EPHEMERAL, moved)) ?? inTemplates;
  };
};
