/** Whether the server kept what was written: older ones drop fields that they do not know, and webhooks change what they like. Pure. */
import type { Finding } from "../../base/finding.ts";
import type { JsonObject } from "../../kube/json.ts";
import { describeId } from "../../kube/object-id.ts";
import { coversObject, difference } from "../plan/field-changes.ts";
import type { PlanEntry } from "../plan/plan.ts";
import type { PreparedObject } from "../prepare/prepared.ts";

const NAMED = 10;

export function storedOtherwise({ id }: PlanEntry, { object, isMerged }: PreparedObject, live: JsonObject): Finding | undefined {
  if (isMerged || coversObject(live, object)) return undefined;
  // What there is more of is the server's to add.
  const { changes } = difference({ live, wanted: object, original: live });
  const paths = changes.map(({ path }) => path).slice(0, NAMED);
  if (paths.length === 0) return undefined;
  const message = `The cluster keeps it otherwise than it was written: ${paths.join(", ")}`;
  return { grade: "info", code: "stored_otherwise", object: describeId(id), message };
}
