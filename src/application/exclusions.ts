/**
 * What is in no unit: what a cluster makes by itself and would be wrong elsewhere or later. docs/applications.md has the same table
 * for people. Nothing else is left out.
 */
import { type JsonObject, objectIn, textIn } from "../kube/json.ts";
import { groupOf } from "../kube/object-id.ts";
import { nameOf, type ResourceType } from "../kube/resource-type.ts";

/** Stable: findings and JSON have them. */
export type ExclusionReason =
  | "api-server"
  | "computed"
  | "endpoints"
  | "event"
  | "hnc-copy"
  | "holdfast"
  | "ip-address"
  | "lease"
  | "mirror-pod"
  | "node"
  | "not-listed"
  | "root-ca";

export const EXCLUSION_TEXTS: Readonly<Record<ExclusionReason, string>> = {
  "api-server": "made by the API server for itself",
  computed: "computed when it is asked for, and stored nowhere",
  endpoints: "made from a Service and its pods",
  event: "says what happened, and is gone after an hour",
  "hnc-copy": "copied from another namespace by the Hierarchical Namespace Controller",
  holdfast: "made by a run of Holdfast, and gone with it",
  "ip-address": "allocated by the API server",
  lease: "says who works at this moment",
  "mirror-pod": "made by a node from a file of its own",
  node: "about the machines of this cluster",
  "not-listed": "cannot be listed: a request, not an object",
  "root-ca": "published into every namespace by the cluster",
};

const RESOURCES: Readonly<Record<string, ExclusionReason>> = {
  "csinodes.storage.k8s.io": "node",
  "csistoragecapacities.storage.k8s.io": "node",
  events: "event",
  "events.events.k8s.io": "event",
  "ipaddresses.networking.k8s.io": "ip-address",
  "leasecandidates.coordination.k8s.io": "lease",
  "leases.coordination.k8s.io": "lease",
  nodes: "node",
  "resourceslices.resource.k8s.io": "node",
  "storageversions.internal.apiserver.k8s.io": "api-server",
  "volumeattachments.storage.k8s.io": "node",
};

/** undefined: its objects are listed, and objectExclusion() says which of them are left out. */
export function resourceExclusion(resource: Pick<ResourceType, "group" | "plural" | "verbs">): ExclusionReason | undefined {
  const name = nameOf(resource);
  if (Object.hasOwn(RESOURCES, name)) return RESOURCES[name];
  if (!resource.verbs.includes("list")) return "not-listed";
  // What nobody can create is stored nowhere: metrics, the status of components, packages of a catalog.
  return resource.verbs.includes("create") ? undefined : "computed";
}

const ROOT_CA_NAMES = new Set(["kube-root-ca.crt", "openshift-service-ca.crt"]);
const MANAGED_SLICES = /^endpointslice(?:mirroring)?-controller\.k8s\.io$/;

/** As src/run marks what goes with a run, credentials of movers among it. */
const RUN_LABEL = "holdfast.dev/run";

/** The metadata is enough. */
export function objectExclusion(object: JsonObject): ExclusionReason | undefined {
  const metadata = objectIn(object, "metadata");
  const [labels, annotations] = [objectIn(metadata, "labels"), objectIn(metadata, "annotations")];
  if (textIn(labels, "hnc.x-k8s.io/inherited-from") !== undefined) return "hnc-copy";
  if (textIn(labels, RUN_LABEL) !== undefined) return "holdfast";
  const name = textIn(metadata, "name") ?? "";
  const isOfApiServer = textIn(metadata, "namespace") === "default" && name === "kubernetes";
  switch (`${groupOf(textIn(object, "apiVersion") ?? "")} ${textIn(object, "kind")}`) {
    case " ConfigMap":
      return ROOT_CA_NAMES.has(name) ? "root-ca" : undefined;
    case " Endpoints":
      if (isOfApiServer) return "api-server";
      return textIn(labels, "endpoints.kubernetes.io/managed-by") === "endpoint-controller" ? "endpoints" : undefined;
    case " Pod":
      return textIn(annotations, "kubernetes.io/config.mirror") === undefined ? undefined : "mirror-pod";
    case " Service":
      return isOfApiServer ? "api-server" : undefined;
    case "apiregistration.k8s.io APIService":
      return textIn(labels, "kube-aggregator.kubernetes.io/automanaged") === undefined ? undefined : "api-server";
    case "discovery.k8s.io EndpointSlice":
      if (isOfApiServer) return "api-server";
      return MANAGED_SLICES.test(textIn(labels, "endpointslice.kubernetes.io/managed-by") ?? "") ? "endpoints" : undefined;
    default:
      return undefined;
  }
}
