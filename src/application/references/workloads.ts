/** Where built-in kinds keep the spec of their pods, and what else they refer to. */
import { type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import { groupOf } from "../../kube/object-id.ts";
import { claimSpecReferences } from "./claim-spec.ts";
import { podSpecReferences } from "./pod-spec.ts";
import { type Reference, SERVICE, to } from "./reference.ts";

/** By group and kind: the names that lead to the spec of the pod. */
const POD_SPECS: ReadonlyMap<string, readonly string[]> = new Map([
  [" Pod", ["spec"]],
  [" PodTemplate", ["template", "spec"]],
  [" ReplicationController", ["spec", "template", "spec"]],
  ["apps DaemonSet", ["spec", "template", "spec"]],
  ["apps Deployment", ["spec", "template", "spec"]],
  ["apps ReplicaSet", ["spec", "template", "spec"]],
  ["apps StatefulSet", ["spec", "template", "spec"]],
  ["batch CronJob", ["spec", "jobTemplate", "spec", "template", "spec"]],
  ["batch Job", ["spec", "template", "spec"]],
]);

/** undefined: it is of a kind that has no pods, or of one that only its operator understands. */
export function podSpecOf(object: JsonObject): JsonObject | undefined {
  const path = POD_SPECS.get(`${groupOf(textIn(object, "apiVersion") ?? "")} ${textIn(object, "kind")}`);
  return path?.reduce(objectIn, object);
}

export function* workloadReferences(object: JsonObject, namespace: string | undefined): Iterable<Reference> {
  const podSpec = podSpecOf(object);
  if (podSpec !== undefined) yield* podSpecReferences(podSpec, namespace);
}

export function* statefulSetReferences(object: JsonObject, namespace: string | undefined): Iterable<Reference> {
  yield* workloadReferences(object, namespace);
  const spec = objectIn(object, "spec");
  yield* to(SERVICE, namespace, textIn(spec, "serviceName"), "names its pods");
  for (const template of listIn(spec, "volumeClaimTemplates")) yield* claimSpecReferences(objectIn(template, "spec"), namespace);
}

export function* scalerReferences(object: JsonObject, namespace: string | undefined): Iterable<Reference> {
  const target = objectIn(objectIn(object, "spec"), "scaleTargetRef");
  const kind = { group: groupOf(textIn(target, "apiVersion") ?? ""), kind: textIn(target, "kind") ?? "" };
  yield* to(kind, namespace, textIn(target, "name"), "scales it");
}
