import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pkiDir } from "./pki.ts";
import { type ClusterSpec, nodesOf, stateDir } from "./spec.ts";

/** Users that get a kubeconfig of their own besides the nodes, which are named like their certificates. */
const USERS = ["admin", "controller-manager", "scheduler", "proxy"] as const;

export function apiUrl(spec: ClusterSpec): string {
  return `https://${nodesOf(spec)[0].address}:6443`;
}

export function kubeconfigPath(name: string, user = "admin"): string {
  return join(stateDir(name), user === "admin" ? "kubeconfig" : `kubeconfig-${user}`);
}

/** Writes the kubeconfig of every user. Keys are inside, so that the file can be handed to a program that sees no other file. */
export async function writeKubeconfigs(spec: ClusterSpec): Promise<void> {
  const read = async (file: string): Promise<string> => (await readFile(join(pkiDir(spec.name), file))).toString("base64");
  const context = `holdfast-dev-${spec.name}`;
  for (const user of [...USERS, ...nodesOf(spec).map((node) => node.name)]) {
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": context,
      clusters: [{ name: context, cluster: { server: apiUrl(spec), "certificate-authority-data": await read("ca.crt") } }],
      contexts: [{ name: context, context: { cluster: context, user } }],
      users: [{ name: user, user: { "client-certificate-data": await read(`${user}.crt`), "client-key-data": await read(`${user}.key`) } }],
    };
    await writeFile(kubeconfigPath(spec.name, user), `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
  }
}

/** A kubectl that talks to one cluster, for people and tests on a machine that has none. */
export function kubectlPath(name: string): string {
  return join(stateDir(name), "kubectl");
}

export async function writeKubectl(spec: ClusterSpec, program: string): Promise<void> {
  // What kubectl remembers of an API server must not outlive it: the next cluster may have the same address.
  const flags = `--kubeconfig=${kubeconfigPath(spec.name)} --cache-dir=${join(stateDir(spec.name), "kubectl-cache")}`;
  const script = `#!/bin/sh\nexec ${program} kubectl ${flags} "$@"\n`;
  await writeFile(kubectlPath(spec.name), script, { mode: 0o700 });
}
