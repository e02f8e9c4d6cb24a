import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import { apiUrl, kubeconfigPath } from "./kubeconfig.ts";
import type { Daemon } from "./machine.ts";
import { pkiDir } from "./pki.ts";
import { type ClusterSpec, nodesOf, stateDir, subnet } from "./spec.ts";

/** etcd and the API server: what everything else talks to. */
export function apiServer(spec: ClusterSpec, binaries: Binaries): Daemon[] {
  const { address } = nodesOf(spec)[0];
  const pki = (file: string): string => join(pkiDir(spec.name), file);
  return [
    {
      name: "etcd",
      // Throw-away data: not waiting for the disk makes every write ten times faster.
      argv: [
        binaries.etcd,
        "--unsafe-no-fsync",
        `--data-dir=${join(stateDir(spec.name), "etcd")}`,
        "--log-level=warn",
        "--listen-peer-urls=http://127.0.0.1:2380",
      ],
    },
    {
      name: "kube-apiserver",
      argv: [
        binaries.controlPlane,
        "kube-apiserver",
        "--etcd-servers=http://127.0.0.1:2379",
        `--advertise-address=${address}`,
        `--service-cluster-ip-range=${subnet(spec).services}`,
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        `--client-ca-file=${pki("ca.crt")}`,
        `--tls-cert-file=${pki("api.crt")}`,
        `--tls-private-key-file=${pki("api.key")}`,
        `--kubelet-client-certificate=${pki("api-to-kubelet.crt")}`,
        `--kubelet-client-key=${pki("api-to-kubelet.key")}`,
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        `--service-account-key-file=${pki("service-account.crt")}`,
        `--service-account-signing-key-file=${pki("service-account.key")}`,
        `--requestheader-client-ca-file=${pki("front-proxy-ca.crt")}`,
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        `--proxy-client-cert-file=${pki("front-proxy.crt")}`,
        `--proxy-client-key-file=${pki("front-proxy.key")}`,
      ],
    },
  ];
}

/** The controllers that work through the API server; without nodes there is nothing to schedule. */
export function controllers(spec: ClusterSpec, binaries: Binaries): Daemon[] {
  const pki = (file: string): string => join(pkiDir(spec.name), file);
  const manager: Daemon = {
    name: "kube-controller-manager",
    argv: [
      binaries.controlPlane,
      "kube-controller-manager",
      `--kubeconfig=${kubeconfigPath(spec.name, "controller-manager")}`,
      "--leader-elect=false",
      "--use-service-account-credentials=true",
      // At the default rate the accounts of forty controllers alone take four seconds.
      "--kube-api-qps=500",
      "--kube-api-burst=500",
      `--root-ca-file=${pki("ca.crt")}`,
      `--service-account-private-key-file=${pki("service-account.key")}`,
      `--cluster-signing-cert-file=${pki("ca.crt")}`,
      `--cluster-signing-key-file=${pki("ca.key")}`,
    ],
  };
  const scheduler: Daemon = {
    name: "kube-scheduler",
    argv: [
      join(binaries.current, "kubernetes"),
      "kube-scheduler",
      `--kubeconfig=${kubeconfigPath(spec.name, "scheduler")}`,
      "--leader-elect=false",
    ],
  };
  return spec.controlPlaneOnly ? [manager] : [manager, scheduler];
}

/** Names for Services, served on the first node and found by pods through the Service kube-dns. */
export function dns(spec: ClusterSpec, binaries: Binaries): { readonly daemon: Daemon; readonly corefile: string; readonly path: string } {
  const path = join(stateDir(spec.name), "Corefile");
  const corefile = `.:53 {
  errors
  ready
  cache 5
  kubernetes cluster.local in-addr.arpa {
    endpoint ${apiUrl(spec)}
    kubeconfig ${kubeconfigPath(spec.name)}
  }
}
`;
  return { daemon: { name: "coredns", argv: [binaries.coredns, "-conf", path] }, corefile, path };
}
