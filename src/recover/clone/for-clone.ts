/** What becomes of each prepared object in a copy for development. Pure. */
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import type { ReadyObject } from "../point-source.ts";
import { without } from "../prepare/edit.ts";
import { changeLastApplied } from "../prepare/last-applied.ts";
import { leftOut, type LeftOut, type PreparedObject } from "../prepare/prepared.ts";
import { isBuiltIn } from "../prepare/waves.ts";
import type { CloneContext, CloneOptions } from "./clone-options.ts";
import { isOtherPolicy, isOwnPolicy, withoutEgress } from "./egress.ts";
import { innerService, isOutsideName, isRoute, withoutCloudIdentity, withoutDnsNames } from "./exposure.ts";
import { withoutOutside } from "./outside.ts";
import { scaledDown, suspended, usesNodeNetwork, withReadOnlyVolumes } from "./workloads.ts";

interface Step {
  /** What was done, for the plan. */
  readonly name: string;
  readonly change: (object: JsonObject, context: CloneContext) => JsonObject;
}

/** Not done to what is opened. */
const CLOSING: readonly Step[] = [
  { name: "suspended", change: suspended },
  { name: "reachable in the cluster only", change: innerService },
  { name: "without names in DNS", change: withoutDnsNames },
  { name: "without its identity in the cloud", change: withoutCloudIdentity },
];
const SHRINKING: readonly Step[] = [
  { name: "scaled down", change: scaledDown },
  { name: "volumes read-only", change: withReadOnlyVolumes },
  { name: "without finalizers", change: withoutFinalizers },
];

export function forClone(prepared: PreparedObject, options: CloneOptions): LeftOut | ReadyObject {
  const context = { options, group: prepared.resource.group, kind: textIn(prepared.object, "kind") ?? "" };
  if (isOwnPolicy(context, prepared.name)) return prepared;
  const isOpen = options.open.includes(`${context.kind}/${prepared.name}`);
  const closed = isOpen ? prepared.object : closedObject(prepared.object, context);
  if (typeof closed === "string") return leftOut("outside", closed);
  const steps = isOpen ? SHRINKING : [...CLOSING, ...SHRINKING];
  const names = closed === prepared.object ? [] : ["shut"];
  let object = closed;
  for (const { name, change } of steps) {
    const changed = change(object, context);
    if (changed !== object) names.push(name);
    object = changed;
  }
  if (names.length === 0) return prepared;
  const applied = changeLastApplied(object, (before) => steps.reduce((changed, { change }) => change(changed, context), before));
  return { ...prepared, object: applied, transforms: names.map((name) => `clone: ${name}`) };
}

/** Or why it does not come along. */
function closedObject(object: JsonObject, context: CloneContext): JsonObject | string {
  if (isRoute(context)) return "people reach the original by it";
  if (isOtherPolicy(context)) return "it could let out what the copy is not to reach";
  if (isOutsideName(object, context)) return "it is a name of something outside of the cluster";
  if (context.kind === "HorizontalPodAutoscaler" && context.options.maxReplicas !== undefined)
    return "a copy keeps the size that it is given";
  if (usesNodeNetwork(object, context)) return "its pods use the network of their nodes, which no policy holds";
  const inside = withoutOutside(object, context);
  if (typeof inside === "string") return inside;
  return withoutEgress(inside, context) ?? "all it does is to let pods out";
}

/** Controllers of other groups would hold the copy when it is deleted, or take along what is the original's. */
function withoutFinalizers(object: JsonObject, { group }: CloneContext): JsonObject {
  const metadata = objectIn(object, "metadata");
  return isBuiltIn(group) || !("finalizers" in metadata) ? object : { ...object, metadata: without(metadata, ["finalizers"]) };
}
