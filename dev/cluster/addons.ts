import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import { type ClusterSpec, nodesOf, subnet } from "./spec.ts";

const CSI_MANIFESTS = join(import.meta.dirname, "../csi/manifests");

/** Manifests of the storage: CRDs of snapshots, then drivers and classes. */
export async function storageManifests(binaries: Binaries): Promise<{ readonly crds: string[]; readonly classes: string[] }> {
  const crds = (await readdir(binaries.snapshotCrds)).filter((file) => file.includes("storage.k8s.io_"));
  const classes = (await readdir(CSI_MANIFESTS)).filter((file) => file.endsWith(".yaml"));
  return { crds: crds.map((file) => join(binaries.snapshotCrds, file)), classes: classes.map((file) => join(CSI_MANIFESTS, file)) };
}

/** The Service by which pods find the DNS server; that one runs on the first node, outside of any pod. */
export function dnsService(spec: ClusterSpec): object[] {
  const ports = [
    { name: "dns", port: 53, protocol: "UDP" },
    { name: "dns-tcp", port: 53, protocol: "TCP" },
  ];
  const metadata = { name: "kube-dns", namespace: "kube-system" };
  return [
    { apiVersion: "v1", kind: "Service", metadata, spec: { clusterIP: subnet(spec).dns, ports } },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { ...metadata, labels: { "kubernetes.io/service-name": "kube-dns" } },
      addressType: "IPv4",
      endpoints: [{ addresses: [nodesOf(spec)[0].address], conditions: { ready: true } }],
      ports,
    },
  ];
}

/**
 * What the API server's node authorizer lets a kubelet read of a pod, it does a moment after the kubelet has the pod; on a busy machine the kubelet
 * is refused, and tries again only after ten seconds. These are the same rights without that moment.
 */
export function nodeRights(): object {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "holdfast-dev:nodes" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:node" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:nodes" }],
  };
}
