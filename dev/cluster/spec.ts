import { join } from "node:path";
import { DomainError } from "../../src/base/errors.ts";
import type { ProcessIdentity } from "./process-identity.ts";

/** Kubernetes minor versions that a cluster can run; the first is the default, the others are control planes only. */
export const VERSIONS = ["1.36", "1.33"] as const;
export type Version = (typeof VERSIONS)[number];

/** What was asked for. Written once when a cluster is made, and never changed afterwards. */
export interface ClusterSpec {
  readonly name: string;
  /** Picks the subnet: 10.(200 + index).0.0/16. */
  readonly index: number;
  readonly nodes: number;
  readonly version: Version;
  readonly controlPlaneOnly: boolean;
  /** Process that the cluster belongs to. Once it is gone, anybody's next `up` removes the cluster. */
  readonly owner: ProcessIdentity | undefined;
}

export interface Node {
  readonly name: string;
  readonly zone: string;
  readonly address: string;
  readonly podSubnet: string;
  /** The kubelet's folder, as seen inside the machine. The first node has the usual places for this and the next. */
  readonly kubeletDir: string;
  readonly containerdSocket: string;
  /** Path of the node's network namespace inside the machine, or undefined for the machine's own. */
  readonly netns: string | undefined;
}

export const MAX_NODES = 3;
/** Network interfaces are named after clusters, and may have 15 characters. */
const NAME = /^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/;

export const STATE_ROOT: string = process.env["HOLDFAST_DEV_STATE"] ?? "/var/lib/holdfast-dev";

/** @throws {DomainError} usage/cluster_name */
export function parseName(text: string): string {
  if (NAME.test(text)) return text;
  throw new DomainError(
    "usage",
    "cluster_name",
    `Cannot use "${text}" as the name of a cluster: it must be 1 to 12 lower-case letters, digits and dashes`,
  );
}

export function parseVersion(text: string): Version {
  const version = VERSIONS.find((known) => known === text);
  if (version !== undefined) return version;
  throw new DomainError("usage", "cluster_version", `Cannot start Kubernetes "${text}": known versions are ${VERSIONS.join(" and ")}`);
}

/** "Kubernetes 1.36, 2 nodes" */
export function describe(spec: Pick<ClusterSpec, "version" | "nodes" | "controlPlaneOnly">): string {
  const nodes = spec.nodes === 1 ? "1 node" : `${spec.nodes} nodes`;
  return `Kubernetes ${spec.version}, ${spec.controlPlaneOnly ? "control plane only" : nodes}`;
}

/** Folder with everything of a cluster: keys, logs, data of etcd, containers and volumes. */
export function stateDir(name: string): string {
  return join(STATE_ROOT, name);
}

export function subnet(spec: ClusterSpec): { prefix: string; cidr: string; services: string; api: string; dns: string; host: string } {
  const prefix = `10.${200 + spec.index}`;
  return {
    prefix,
    cidr: `${prefix}.0.0/16`,
    services: `${prefix}.128.0/20`,
    api: `${prefix}.128.1`,
    dns: `${prefix}.128.10`,
    host: `${prefix}.0.1`,
  };
}

export function nodesOf(spec: ClusterSpec): readonly [Node, ...Node[]] {
  const { prefix } = subnet(spec);
  const node = (number: number): Node => ({
    name: `node-${number}`,
    zone: `zone-${"abc"[number - 1]}`,
    address: `${prefix}.0.${10 + number}`,
    podSubnet: `${prefix}.${number}.0/24`,
    kubeletDir: number === 1 ? "/var/lib/kubelet" : `/var/lib/kubelet-${number}`,
    containerdSocket: number === 1 ? "/run/containerd/containerd.sock" : `/run/containerd-${number}/containerd.sock`,
    netns: number === 1 ? undefined : `/run/netns/node-${number}`,
  });
  return [node(1), ...Array.from({ length: spec.nodes - 1 }, (_, extra) => node(extra + 2))];
}
