/**
 * Kinds whose objects own something outside of the cluster: a second object of the same content would fight over it with the first, and its
 * deletion would delete what the first one has. By API group; docs/clone.md has the same list.
 */
import { type JsonObject, objectIn } from "../../kube/json.ts";
import { without } from "../prepare/edit.ts";
import type { CloneContext } from "./clone-options.ts";

interface ExternalGroup {
  /** `*.` stands for every group below. */
  readonly group: string;
  /** Tells the controller to look and not to touch; undefined: it cannot be told. */
  readonly observe?: (object: JsonObject) => JsonObject;
}

const EXTERNAL_GROUPS: readonly ExternalGroup[] = [
  // Crossplane: https://docs.crossplane.io, management policies
  { group: "*.crossplane.io", observe: onlyObserved },
  { group: "*.upbound.io", observe: onlyObserved },
  // AWS Controllers for Kubernetes: the annotation of read-only resources
  { group: "*.services.k8s.aws", observe: (object) => annotated(object, { "services.k8s.aws/read-only": "true" }) },
  // Azure Service Operator
  { group: "*.azure.com", observe: (object) => annotated(object, { "serviceoperator.azure.com/reconcile-policy": "skip" }) },
  { group: "*.cnrm.cloud.google.com" },
  { group: "externaldns.k8s.io" },
  { group: "externaldns.nginx.org" },
  { group: "*.cluster.x-k8s.io" },
  { group: "acme.cert-manager.io" },
  { group: "infra.contrib.fluxcd.io" },
  { group: "app.terraform.io" },
  // What deploys would deploy over the original.
  { group: "argoproj.io" },
  { group: "kustomize.toolkit.fluxcd.io" },
  { group: "helm.toolkit.fluxcd.io" },
  // Backups of a copy would go where those of the original are.
  { group: "velero.io" },
  { group: "k8up.io" },
  { group: "volsync.backube" },
  { group: "config.kio.kasten.io" },
];

/** undefined: it owns nothing outside. */
function externalGroupOf(group: string, more: readonly string[]): ExternalGroup | undefined {
  const isOf = (pattern: string): boolean =>
    pattern.startsWith("*.") ? group.endsWith(pattern.slice(1)) || group === pattern.slice(2) : group === pattern;
  return EXTERNAL_GROUPS.find((known) => isOf(known.group)) ?? more.filter(isOf).map((pattern) => ({ group: pattern }))[0];
}

/** The object as it may come along, or why it may not. */
export function withoutOutside(object: JsonObject, { options, group }: CloneContext): JsonObject | string {
  const external = externalGroupOf(group, options.externalGroups);
  if (external === undefined) return object;
  if (options.external === "observe" && external.observe !== undefined) return external.observe(object);
  return "it may own something outside of the cluster, which the original has";
}

function onlyObserved(object: JsonObject): JsonObject {
  return { ...object, spec: { ...without(objectIn(object, "spec"), ["deletionPolicy"]), managementPolicies: ["Observe"] } };
}

function annotated(object: JsonObject, more: Readonly<Record<string, string>>): JsonObject {
  const metadata = objectIn(object, "metadata");
  return { ...object, metadata: { ...metadata, annotations: { ...objectIn(metadata, "annotations"), ...more } } };
}
