import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Binaries } from "./binaries.ts";
import { cgroupRoot } from "./cgroups.ts";
import { kubeconfigPath } from "./kubeconfig.ts";
import type { Daemon, Machine } from "./machine.ts";
import { pkiDir } from "./pki.ts";
import { type ClusterSpec, type Node, stateDir, subnet } from "./spec.ts";

const PAUSE_IMAGE = "holdfast.dev/dev/pause:1";

function nodeDir(spec: ClusterSpec, node: Node): string {
  return join(stateDir(spec.name), "nodes", node.name);
}

/** Bring a freshly booted machine to where a node's daemons can start: the kubelet's folder must be on a real file system. */
export async function prepareNode(spec: ClusterSpec, node: Node, machine: Machine, signal?: AbortSignal): Promise<void> {
  const dir = nodeDir(spec, node);
  await mkdir(join(dir, "cni"), { recursive: true });
  await mkdir(join(dir, "kubelet", "plugins_registry"), { recursive: true }); // storage drivers register before the kubelet runs
  await machine.run(
    "sh",
    ["-ec", 'mkdir -p "$2" "$3"; mount --bind "$1" "$2"', "sh", join(dir, "kubelet"), node.kubeletDir, dirname(node.containerdSocket)],
    { signal },
  );
  await writeFile(join(dir, "containerd.toml"), containerdConfig(dir, node));
  await writeFile(join(dir, "cni", "10-pods.conflist"), JSON.stringify(cniConfig(node)));
  await writeFile(join(dir, "kubelet.json"), JSON.stringify(kubeletConfig(spec, node)));
  await writeFile(join(dir, "kube-proxy.json"), JSON.stringify(proxyConfig(spec, node)));
}

export function containerd(spec: ClusterSpec, node: Node): Daemon {
  return {
    name: `containerd-${node.name}`,
    argv: ["/usr/bin/containerd", "--config", join(nodeDir(spec, node), "containerd.toml")],
    netns: node.netns,
  };
}

export function nodeDaemons(spec: ClusterSpec, node: Node, binaries: Binaries): Daemon[] {
  const kubernetes = join(binaries.current, "kubernetes");
  return [
    {
      name: `kubelet-${node.name}`,
      argv: [
        kubernetes,
        "kubelet",
        `--config=${join(nodeDir(spec, node), "kubelet.json")}`,
        `--kubeconfig=${kubeconfigPath(spec.name, node.name)}`,
        `--root-dir=${node.kubeletDir}`,
        `--hostname-override=${node.name}`,
        `--node-ip=${node.address}`,
        `--node-labels=topology.kubernetes.io/region=dev,topology.kubernetes.io/zone=${node.zone}`,
      ],
      netns: node.netns,
    },
    {
      name: `kube-proxy-${node.name}`,
      argv: [kubernetes, "kube-proxy", `--config=${join(nodeDir(spec, node), "kube-proxy.json")}`],
      netns: node.netns,
    },
  ];
}

function containerdConfig(dir: string, node: Node): string {
  // A machine without CAP_SYS_RESOURCE cannot lower OOM scores; restrict_oom_score_adj keeps pod sandboxes startable there.
  return `version = 2
root = ${JSON.stringify(join(dir, "containerd"))}
state = ${JSON.stringify(dirname(node.containerdSocket))}
[grpc]
  address = ${JSON.stringify(node.containerdSocket)}
[plugins."io.containerd.internal.v1.opt"]
  path = ${JSON.stringify(join(dir, "opt"))}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = ${JSON.stringify(join(dir, "cni"))}
`;
}

/** Point-to-point links instead of a bridge: all traffic is routed, so Services work without the bridge firewall module. */
function cniConfig(node: Node): object {
  const ipam = {
    type: "host-local",
    dataDir: `/run/ipam-${node.name}`,
    ranges: [[{ subnet: node.podSubnet }]],
    routes: [{ dst: "0.0.0.0/0" }],
  };
  return {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [
      { type: "ptp", ipam },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
}

function kubeletConfig(spec: ClusterSpec, node: Node): object {
  const pki = (file: string): string => join(pkiDir(spec.name), file);
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: node.address,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: pki("ca.crt") } },
    authorization: { mode: "Webhook" },
    tlsCertFile: pki(`${node.name}.crt`),
    tlsPrivateKeyFile: pki(`${node.name}.key`),
    containerRuntimeEndpoint: `unix://${node.containerdSocket}`,
    cgroupDriver: "cgroupfs",
    cgroupRoot: cgroupRoot(spec.name, node.name),
    failCgroupV1: false,
    failSwapOn: false,
    clusterDNS: [subnet(spec).dns],
    clusterDomain: "cluster.local",
    resolvConf: "", // names of the cluster only: nothing outside can be reached
    volumePluginDir: join(node.kubeletDir, "volume-plugins"),
    // The disk is shared with the developer's own files: only its last percent is an emergency, and images are never collected.
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%", "nodefs.inodesFree": "1%" },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    serializeImagePulls: false,
  };
}

function proxyConfig(spec: ClusterSpec, node: Node): object {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "nftables",
    hostnameOverride: node.name,
    clusterCIDR: subnet(spec).cidr,
    clientConnection: { kubeconfig: kubeconfigPath(spec.name, "proxy") },
    // The limits of connection tracking belong to the host and are left alone.
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  };
}
