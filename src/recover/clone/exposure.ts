/** Ways into and out of a copy: names and addresses that are the original's, and identities that clouds trust. */
import { isJsonObject, type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import { at, changeIn, without, withoutEntries } from "../prepare/edit.ts";
import type { CloneContext } from "./clone-options.ts";

/** What leads people by a name that the original has. */
const ROUTES: Readonly<Record<string, readonly string[]>> = {
  "networking.k8s.io": ["Ingress"],
  "gateway.networking.k8s.io": ["Gateway", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute"],
  "route.openshift.io": ["Route"],
  "traefik.io": ["IngressRoute", "IngressRouteTCP", "IngressRouteUDP"],
  "projectcontour.io": ["HTTPProxy"],
};

export function isRoute({ group, kind }: CloneContext): boolean {
  return ROUTES[group]?.includes(kind) ?? false;
}

const LOAD_BALANCER_FIELDS = [
  "allocateLoadBalancerNodePorts",
  "externalIPs",
  "externalTrafficPolicy",
  "healthCheckNodePort",
  "loadBalancerClass",
  "loadBalancerIP",
  "loadBalancerSourceRanges",
];

/** A Service that only the cluster reaches. */
export function innerService(object: JsonObject, { group, kind }: CloneContext): JsonObject {
  const spec = objectIn(object, "spec");
  const type = textIn(spec, "type") ?? "ClusterIP";
  if (group !== "" || kind !== "Service" || (type !== "LoadBalancer" && type !== "NodePort" && !("externalIPs" in spec))) return object;
  const inner = { ...object, spec: { ...without(spec, LOAD_BALANCER_FIELDS), type: "ClusterIP" } };
  return changeIn(inner, at("spec.ports[]"), (port) => (isJsonObject(port) ? without(port, ["nodePort"]) : port));
}

/** A Service that is only another name for something outside. */
export function isOutsideName(object: JsonObject, { group, kind }: CloneContext): boolean {
  return group === "" && kind === "Service" && textIn(objectIn(object, "spec"), "type") === "ExternalName";
}

/** external-dns would move the names of the original to the copy. */
export function withoutDnsNames(object: JsonObject): JsonObject {
  return withoutEntries(object, at("metadata.annotations"), (name) => name.startsWith("external-dns.alpha.kubernetes.io/"));
}

/** By which clouds let pods of an account in: EKS, GKE, AKS. */
const CLOUD_IDENTITIES: ReadonlySet<string> = new Set([
  "eks.amazonaws.com/role-arn",
  "iam.gke.io/gcp-service-account",
  "azure.workload.identity/client-id",
  "azure.workload.identity/tenant-id",
]);

export function withoutCloudIdentity(object: JsonObject, { group, kind }: CloneContext): JsonObject {
  if (group !== "" || kind !== "ServiceAccount") return object;
  return withoutEntries(object, at("metadata.annotations"), (name) => CLOUD_IDENTITIES.has(name));
}
