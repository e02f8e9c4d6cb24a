import { cp, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DomainError } from "../../src/base/errors.ts";
import { requirePackages } from "../host/packages.ts";
import { imageArchive } from "../images/build.ts";
import { dnsService, nodeRights, storageManifests } from "./addons.ts";
import { apply, establish } from "./api.ts";
import { type Binaries, buildBinaries } from "./binaries.ts";
import { bootMachine, findPrepared } from "./boot.ts";
import { apiServer, controllers, dns } from "./control-plane.ts";
import { removeAbandoned, removeCluster } from "./down.ts";
import { kubeconfigPath } from "./kubeconfig.ts";
import { answers, importImage } from "./load.ts";
import type { Daemon, Machine } from "./machine.ts";
import { containerd, nodeDaemons } from "./node.ts";
import { missingApi, missingParts, waitFor } from "./ready.ts";
import { type ClusterSpec, describe, nodesOf, stateDir } from "./spec.ts";
import { drivers, sidecars } from "./storage.ts";
import { createSpec, loadSpec, lockCluster } from "./store.ts";

/** Debian packages that clusters use. */
export const PACKAGES: readonly string[] = [
  "btrfs-progs",
  "conntrack",
  "containerd",
  "containernetworking-plugins",
  "iproute2",
  "iptables",
  "nftables",
  "openssl",
  "procps",
  "runc",
];

export type Wanted = Omit<ClusterSpec, "index">;

/**
 * Makes a cluster, or repairs it, or does nothing when it is ready, and returns the path of its kubeconfig.
 *
 * A cluster that could not be made is removed again. One that existed keeps its state, and starts like a computer after a power cut.
 *
 * @throws {DomainError} conflict/cluster_differs: it exists with other settings.
 */
export async function up(wanted: Wanted, signal?: AbortSignal): Promise<string> {
  await removeAbandoned(signal);
  await using _lock = await lockCluster(wanted.name, signal);
  const known = await loadSpec(wanted.name);
  if (known !== undefined) requireSame(known, wanted);
  await requirePackages(PACKAGES, signal);
  const binaries = await buildBinaries(wanted.version, signal);
  const started = performance.now();
  const spec = known ?? (await createSpec(wanted, signal));
  try {
    const changed = await start(spec, binaries, signal);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (changed) process.stderr.write(`Cluster ${spec.name} is ready after ${seconds} s\n`);
  } catch (error) {
    if (known === undefined) await removeFailed(spec.name);
    throw error;
  }
  return kubeconfigPath(spec.name);
}

/** Removes a cluster that could not be made, all but its logs. */
async function removeFailed(name: string): Promise<void> {
  const logs = await mkdtemp(join(tmpdir(), `holdfast-dev-${name}-`));
  await cp(join(stateDir(name), "logs"), logs, { recursive: true }).catch(() => undefined); // it may have ended before the first line
  await removeCluster(name);
  process.stderr.write(`Removed cluster ${name}; its logs are in ${logs}\n`);
}

function requireSame(known: ClusterSpec, wanted: Wanted): void {
  if (describe(known) === describe(wanted)) return;
  const message = `Cannot change cluster "${known.name}" to ${describe(wanted)}: it has ${describe(known)}`;
  const hint = `Run "dev/cluster/down --name ${known.name}" first, or pick another name`;
  throw new DomainError("conflict", "cluster_differs", message, { hint });
}

/** Starts whatever does not run; false when there was nothing to do. */
async function start(spec: ClusterSpec, binaries: Binaries, signal?: AbortSignal): Promise<boolean> {
  const found = await findPrepared(spec);
  const daemons = (await found?.daemons()) ?? [];
  if (found !== undefined && daemons.every((daemon) => daemon.running) && (await missingParts(spec)).length === 0) return false;
  process.stderr.write(`Starting cluster ${spec.name}: ${describe(spec)}\n`);
  const machine = found ?? (await bootMachine(spec, binaries, signal));
  const startAll = async (wanted: readonly Daemon[]): Promise<void> => {
    for (const daemon of wanted) await machine.start(daemon);
  };
  await startAll(apiServer(spec, binaries));
  if (!spec.controlPlaneOnly) await startContainers(spec, machine, binaries, signal);
  await waitFor(() => missingApi(spec), machine, signal);
  await startAll(controllers(spec, binaries));
  if (!spec.controlPlaneOnly) {
    for (const node of nodesOf(spec)) await startAll(nodeDaemons(spec, node, binaries));
    await startAll([dns(spec, binaries).daemon]);
    const { crds, classes } = await storageManifests(binaries);
    await apply(spec, crds, [...dnsService(spec), nodeRights()], signal);
    await establish(spec, crds, signal);
    await startAll(sidecars(spec, binaries));
    await apply(spec, classes, [], signal);
  }
  await waitFor(() => missingParts(spec), machine, signal);
  return true;
}

/** What a kubelet needs before it starts: containerd with the image of every pod's first container, and the storage drivers. */
async function startContainers(spec: ClusterSpec, machine: Machine, binaries: Binaries, signal?: AbortSignal): Promise<void> {
  const { archive } = await imageArchive("pause", signal);
  for (const node of nodesOf(spec)) {
    await machine.run("mkdir", ["-p", `/run/csi/${node.name}`], { signal });
    for (const daemon of [containerd(spec, node), ...drivers(spec, node, binaries)]) await machine.start(daemon);
  }
  for (const node of nodesOf(spec)) {
    await waitFor(async () => ((await answers(machine, node)) ? [] : [`containerd on ${node.name}`]), machine, signal);
    await importImage(machine, node, archive, signal);
  }
}
