/** What becomes of one object, given what is there already. Pure. */
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import { isHalfDone } from "../field-manager.ts";
import type { PreparedObject } from "../prepare/prepared.ts";
import { coversObject, type Difference, difference } from "./field-changes.ts";
import { type Action, AS_IN_POINT, type Dependencies, type Existing } from "./plan.ts";

export interface Found {
  readonly prepared: PreparedObject;
  /** As the point has it. */
  readonly original: JsonObject;
  readonly live: JsonObject | undefined;
  /** Others use it, too. */
  readonly isDependency: boolean;
}

export interface Decision {
  /** The last two: the whole restore is not to begin. */
  readonly action: Action | "exists" | "terminating";
  readonly why?: string;
  readonly difference?: Difference;
  readonly isHalfDone?: true;
}

/** What is never deleted, nor replaced. */
const KEPT: ReadonlySet<string> = new Set(["Namespace", "PersistentVolume", "PersistentVolumeClaim"]);

export function decide(found: Found, existing: Existing, dependencies: Dependencies): Decision {
  const { prepared, live, isDependency } = found;
  if (live === undefined) return { action: "create" };
  const kind = textIn(prepared.object, "kind") ?? "";
  if (textIn(objectIn(live, "metadata"), "deletionTimestamp") !== undefined) return { action: "terminating" };
  if (isHalfDone(live))
    return { action: "update", isHalfDone: true, why: "an earlier restore ended halfway", difference: compare(found, live) };
  if (coversObject(live, prepared.object) && existing !== "replace") return { action: "skip", why: AS_IN_POINT };
  if (kind === "CustomResourceDefinition") return { action: "skip", why: "is there already, and a definition is never replaced" };
  if (prepared.isMerged) return update(found, live, "every namespace has one: what it lacks is added");
  if (isDependency)
    return dependencies === "keep" ? { action: "skip", why: "is there already, and others may use it" } : update(found, live);
  if (kind === "Namespace" && (existing === "fail" || existing === "keep")) return { action: "skip", why: "is there already" };
  if (existing === "fail") return { action: "exists" };
  if (existing === "keep") return { action: "skip", why: "is there already, and is kept" };
  if (existing === "update" || KEPT.has(kind)) return update(found, live);
  return { action: "replace", difference: compare(found, live) };
}

function update(found: Found, live: JsonObject, why?: string): Decision {
  const compared = compare(found, live);
  if (compared.changes.length === 0) return { action: "skip", why: AS_IN_POINT };
  return { action: "update", difference: compared, ...(why === undefined ? {} : { why }) };
}

function compare({ prepared, original }: Found, live: JsonObject): Difference {
  return difference({ live, wanted: prepared.object, original, isMerged: prepared.isMerged });
}
