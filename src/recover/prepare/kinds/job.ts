/** Jobs that have not ended: they count their pods by a selector with the uid of the captured one. */
import { isJsonObject, listIn, objectIn, textIn } from "../../../kube/json.ts";
import type { Care } from "../care.ts";
import { at, changeIn, without, withoutEntries } from "../edit.ts";
import { leftOut } from "../prepared.ts";

/** The server gives them to the job and its pods. */
const GIVEN_LABELS: ReadonlySet<string> = new Set([
  "controller-uid",
  "batch.kubernetes.io/controller-uid",
  "job-name",
  "batch.kubernetes.io/job-name",
]);

export const job: Care = {
  leaveOut({ object }) {
    const ended = listIn(objectIn(object, "status"), "conditions").find(
      (condition) => ["Complete", "Failed"].includes(textIn(condition, "type") ?? "") && textIn(condition, "status") === "True",
    );
    return ended === undefined ? undefined : leftOut("finished", `it has ended: ${textIn(ended, "type") ?? ""}`);
  },
  clean(object) {
    if (objectIn(object, "spec")["manualSelector"] === true) return object;
    const isGiven = (label: string): boolean => GIVEN_LABELS.has(label);
    let cleaned = changeIn(object, ["spec"], (spec) => (isJsonObject(spec) ? without(spec, ["selector"]) : spec));
    cleaned = withoutEntries(cleaned, at("metadata.labels"), isGiven);
    return withoutEntries(cleaned, at("spec.template.metadata.labels"), isGiven);
  },
};
