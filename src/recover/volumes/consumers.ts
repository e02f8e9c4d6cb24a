/** Which claims of a namespace are used by a pod, or will be as soon as its turn comes: StatefulSets start their pods one after the other. */
import { type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";

const PODS = { group: "", version: "v1", plural: "pods", kind: "Pod" };
const STATEFUL_SETS = { group: "apps", version: "v1", plural: "statefulsets", kind: "StatefulSet" };
const ENDED: ReadonlySet<string> = new Set(["Failed", "Succeeded"]);

/** Their names. */
export async function consumedClaims(api: KubeApi, namespace: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for await (const { items } of listPages(api, PODS, { namespace, signal })) {
    for (const name of items.flatMap(claimsOfPod)) found.add(name);
  }
  for await (const { items } of listPages(api, STATEFUL_SETS, { namespace, signal })) {
    for (const name of items.flatMap(claimsOfSet)) found.add(name);
  }
  return found;
}

export function claimsOfPod(pod: JsonObject): readonly string[] {
  if (ENDED.has(textIn(objectIn(pod, "status"), "phase") ?? "")) return [];
  return listIn(objectIn(pod, "spec"), "volumes").flatMap((volume) => textIn(objectIn(volume, "persistentVolumeClaim"), "claimName") ?? []);
}

/** Those of the pods that it is to have: `<template>-<set>-<number>`. */
export function claimsOfSet(set: JsonObject): readonly string[] {
  const spec = objectIn(set, "spec");
  const name = textIn(objectIn(set, "metadata"), "name") ?? "";
  const first = numberIn(objectIn(spec, "ordinals"), "start", 0);
  const numbers = Array.from({ length: Math.min(MAX_REPLICAS, numberIn(spec, "replicas", 1)) }, (_, index) => first + index);
  return listIn(spec, "volumeClaimTemplates").flatMap((template) => {
    const start = `${textIn(objectIn(template, "metadata"), "name") ?? ""}-${name}-`;
    return numbers.map((number) => `${start}${number}`);
  });
}

/** What is in a cluster is anybody's. */
const MAX_REPLICAS = 10_000;

function numberIn(object: JsonObject, name: string, otherwise: number): number {
  const value = object[name];
  return typeof value === "number" && value >= 0 ? Math.floor(value) : otherwise;
}
