/** Workloads of a copy: fewer replicas, no schedules, no way around network policies, and volumes to read only if asked. */
import { isJsonObject, type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../../kube/json.ts";
import { at, changeIn } from "../prepare/edit.ts";
import type { CloneContext } from "./clone-options.ts";

/** Where the template of pods is. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  Deployment: ["spec", "template", "spec"],
  StatefulSet: ["spec", "template", "spec"],
  ReplicaSet: ["spec", "template", "spec"],
  ReplicationController: ["spec", "template", "spec"],
  DaemonSet: ["spec", "template", "spec"],
  Job: ["spec", "template", "spec"],
  CronJob: ["spec", "jobTemplate", "spec", "template", "spec"],
  Pod: ["spec"],
};
const BUILT_IN_GROUPS: ReadonlySet<string> = new Set(["", "apps", "batch"]);

const SCALED: ReadonlySet<string> = new Set(["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"]);
const SUSPENDED: ReadonlySet<string> = new Set(["CronJob", "Job"]);

export function scaledDown(object: JsonObject, { options: { maxReplicas }, group, kind }: CloneContext): JsonObject {
  if (maxReplicas === undefined || !BUILT_IN_GROUPS.has(group) || !SCALED.has(kind)) return object;
  const { replicas } = objectIn(object, "spec");
  const wanted = typeof replicas === "number" ? replicas : 1;
  return wanted <= maxReplicas ? object : withSpec(object, { replicas: maxReplicas });
}

export function suspended(object: JsonObject, { group, kind }: CloneContext): JsonObject {
  return group === "batch" && SUSPENDED.has(kind) && objectIn(object, "spec")["suspend"] !== true
    ? withSpec(object, { suspend: true })
    : object;
}

/** The network of the node is one that no policy holds. */
export function usesNodeNetwork(object: JsonObject, context: CloneContext): boolean {
  return podSpecOf(object, context)?.["hostNetwork"] === true;
}

export function withReadOnlyVolumes(object: JsonObject, context: CloneContext): JsonObject {
  const { options, kind } = context;
  const spec = podSpecOf(object, context);
  if (!options.readOnlyVolumes || spec === undefined) return object;
  const claims = new Set(
    [
      ...listIn(spec, "volumes").filter((volume) => "persistentVolumeClaim" in (isJsonObject(volume) ? volume : {})),
      ...listIn(objectIn(object, "spec"), "volumeClaimTemplates").map((template) => objectIn(template, "metadata")),
    ].map((named) => textIn(named, "name") ?? ""),
  );
  const readOnly = (mount: JsonValue): JsonValue =>
    isJsonObject(mount) && claims.has(textIn(mount, "name") ?? "") ? { ...mount, readOnly: true } : mount;
  const path = TEMPLATES[kind] ?? [];
  return ["containers", "initContainers"].reduce(
    (changed, containers) => changeIn(changed, [...path, ...at(`${containers}[].volumeMounts[]`)], readOnly),
    object,
  );
}

function podSpecOf(object: JsonObject, { group, kind }: CloneContext): JsonObject | undefined {
  const path = BUILT_IN_GROUPS.has(group) ? TEMPLATES[kind] : undefined;
  return path?.reduce(objectIn, object);
}

function withSpec(object: JsonObject, fields: JsonObject): JsonObject {
  return { ...object, spec: { ...objectIn(object, "spec"), ...fields } };
}
