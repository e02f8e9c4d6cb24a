import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import { kubeconfigPath } from "./kubeconfig.ts";
import type { Daemon } from "./machine.ts";
import { poolDir } from "./pools.ts";
import { type ClusterSpec, type Node, nodesOf } from "./spec.ts";

/** The same driver under two names, so that "another storage platform" and "no snapshots" are real. */
export const DRIVERS = [
  { name: "btrfs.csi.holdfast.dev", snapshots: true },
  { name: "plain.csi.holdfast.dev", snapshots: false },
] as const;

function socket(driver: string, node: Node): string {
  return `/run/csi/${node.name}/${driver}.sock`;
}

/** One process per driver and node. That of the first node is the controller too: it reaches the storage of every zone. */
export function drivers(spec: ClusterSpec, node: Node, binaries: Binaries): Daemon[] {
  return DRIVERS.map(({ name, snapshots }) => ({
    name: `${name}-${node.name}`,
    argv: [
      binaries.csiDriver,
      `--driver=${name}`,
      `--snapshots=${snapshots}`,
      `--node-id=${node.name}`,
      `--zone=${node.zone}`,
      ...nodesOf(spec).map(({ zone }) => `--pool=${zone}=${poolDir(spec.name, zone)}`),
      `--endpoint=unix://${socket(name, node)}`,
      `--kubelet-registration-dir=${join(node.kubeletDir, "plugins_registry")}`,
    ],
    netns: node.netns,
  }));
}

/** The real sidecars of Kubernetes' storage project, which watch the API server on the drivers' behalf. */
export function sidecars(spec: ClusterSpec, binaries: Binaries): Daemon[] {
  const kubeconfig = `--kubeconfig=${kubeconfigPath(spec.name)}`;
  const groups = "--feature-gates=CSIVolumeGroupSnapshot=true";
  // By default they make 5 requests a second, and look again after up to 5 minutes: too slow to wait for in a test.
  const rate = ["--kube-api-qps=100", "--kube-api-burst=100", "--retry-interval-start=500ms", "--retry-interval-max=2s"];
  // They miss a change at times, when it crosses one of their own, and find it with all else, by default after 15 minutes.
  const resync = "--resync-period=15s";
  const sidecar = (program: string, driver: string, ...flags: string[]): Daemon => ({
    name: `${program}-${driver}`,
    argv: [join(binaries.current, program), kubeconfig, ...rate, `--csi-address=${socket(driver, nodesOf(spec)[0])}`, ...flags],
  });
  const withSnapshots = DRIVERS.filter(({ snapshots }) => snapshots);
  return [
    ...DRIVERS.map(({ name }) => sidecar("csi-provisioner", name, "--extra-create-metadata", "--strict-topology=true")),
    ...DRIVERS.map(({ name }) => sidecar("csi-resizer", name, "--handle-volume-inuse-error=false")),
    ...withSnapshots.map(({ name }) => sidecar("csi-snapshotter", name, groups, resync, "--extra-create-metadata")),
    { name: "snapshot-controller", argv: [join(binaries.current, "snapshot-controller"), kubeconfig, ...rate, groups, resync] },
  ];
}
