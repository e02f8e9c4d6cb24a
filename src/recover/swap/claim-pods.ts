/** Which claims a pod, or a template of pods, uses. Pure. */
import { type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../../kube/json.ts";

export const PODS = { group: "", version: "v1", plural: "pods", kind: "Pod" } as const;

/** Those that are named in its spec; the claims of generic ephemeral volumes belong to the pod alone. */
export function claimsOfPod(pod: JsonValue): readonly string[] {
  return claimsOfSpec(objectIn(pod, "spec"));
}

export function claimsOfSpec(podSpec: JsonObject): readonly string[] {
  return listIn(podSpec, "volumes").flatMap((volume) => textIn(objectIn(volume, "persistentVolumeClaim"), "claimName") ?? []);
}

/** It has ended for good: nothing of it runs, and nothing will. */
export function hasEnded(pod: JsonObject): boolean {
  const phase = textIn(objectIn(pod, "status"), "phase");
  return phase === "Succeeded" || phase === "Failed";
}

/** Whether claim is one that a StatefulSet makes of its templates: `<template>-<name of the set>-<ordinal>`. */
export function isOfTemplates(statefulSet: JsonObject, claim: string): boolean {
  const name = textIn(objectIn(statefulSet, "metadata"), "name") ?? "";
  return listIn(objectIn(statefulSet, "spec"), "volumeClaimTemplates").some((template) => {
    const prefix = `${textIn(objectIn(template, "metadata"), "name") ?? ""}-${name}-`;
    return claim.startsWith(prefix) && /^\d+$/.test(claim.slice(prefix.length));
  });
}
