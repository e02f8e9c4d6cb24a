/** metadata of a captured object, without what the server of the source put there. */
import { isJsonObject, type JsonObject, type JsonValue, listIn, textIn } from "../../kube/json.ts";
import type { CapturedOwner } from "./prepared.ts";

/** ownerReferences and managedFields are kept aside, to be rewired. */
const STRIPPED: ReadonlySet<string> = new Set([
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "selfLink",
  "generateName",
  "ownerReferences",
  "managedFields",
]);

/**
 * Finalizers that servers of Kubernetes add again by themselves, or that only mean something for a delete under way. All others are
 * kept: they belong to controllers that count on them.
 */
const STRIPPED_FINALIZERS: ReadonlySet<string> = new Set([
  "foregroundDeletion",
  "orphan",
  "kubernetes.io/pvc-protection",
  "kubernetes.io/pv-protection",
  "external-provisioner.volume.kubernetes.io/finalizer",
  "service.kubernetes.io/load-balancer-cleanup",
  "customresourcecleanup.apiextensions.k8s.io",
  /** A pod that keeps it without its Job would never go. */
  "batch.kubernetes.io/job-tracking",
]);
/** Of volumes that are attached where they were captured. */
const ATTACHER = "external-attacher/";

export function cleanMetadata(metadata: JsonObject): JsonObject {
  const kept = Object.entries(metadata).filter(([name]) => !STRIPPED.has(name) && name !== "finalizers");
  const finalizers = listIn(metadata, "finalizers").filter(
    (finalizer) => typeof finalizer === "string" && !STRIPPED_FINALIZERS.has(finalizer) && !finalizer.startsWith(ATTACHER),
  );
  return Object.fromEntries(finalizers.length === 0 ? kept : [...kept, ["finalizers", finalizers]]);
}

/** @param nameOf what an owner is called at the target */
export function ownersIn(
  metadata: JsonObject,
  nameOf: (owner: Pick<CapturedOwner, "apiVersion" | "kind" | "name">) => string,
): readonly CapturedOwner[] {
  return listIn(metadata, "ownerReferences").flatMap((reference) => {
    const [uid, apiVersion, kind, name] = ["uid", "apiVersion", "kind", "name"].map((field) => textIn(reference, field));
    if (uid === undefined || apiVersion === undefined || kind === undefined || name === undefined) return [];
    const flags = { controller: flagIn(reference, "controller"), blockOwnerDeletion: flagIn(reference, "blockOwnerDeletion") };
    return [{ uid, apiVersion, kind, name: nameOf({ apiVersion, kind, name }), ...flags }];
  });
}

/** Who owns which field, but for status, which is written anew, unless it is restored, too. */
export function managedFieldsIn(metadata: JsonObject, isStatusRestored: boolean): readonly JsonValue[] {
  return listIn(metadata, "managedFields").filter((entry) => isStatusRestored || textIn(entry, "subresource") !== "status");
}

function flagIn(value: JsonValue, name: string): boolean | undefined {
  const flag = isJsonObject(value) ? value[name] : undefined;
  return typeof flag === "boolean" ? flag : undefined;
}
