import { cp, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DomainError } from "../../src/base/errors.ts";
import { requirePackages } from "../host/packages.ts";
import { imageArchive } from "../images/build.ts";
import { dnsService, storageManifests } from "./addons.ts";
import { apply, establish } from "./api.ts";
import { type Binaries, buildBinaries } from "./binaries.ts";
import { makeCgroups } from "./cgroups.ts";
import { apiServer, controllers, dns } from "./control-plane.ts";
import { removeAbandoned, removeCluster, removeLeftovers } from "./down.ts";
import { kubeconfigPath, writeKubeconfigs, writeKubectl } from "./kubeconfig.ts";
import { answers, importImage } from "./load.ts";
import { type Daemon, Machine } from "./machine.ts";
import { wireMachine } from "./network.ts";
import { containerd, nodeDaemons, prepareNode } from "./node.ts";
import { makePki } from "./pki.ts";
import { mountPools } from "./pools.ts";
import { missingApi, missingParts, waitFor } from "./ready.ts";
import { type ClusterSpec, nodesOf, stateDir } from "./spec.ts";
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
    if (await start(spec, binaries, signal))
      process.stderr.write(`Cluster ${spec.name} is ready after ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
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
  const describe = (spec: Wanted): string =>
    `Kubernetes ${spec.version}, ${spec.controlPlaneOnly ? "control plane only" : `${spec.nodes} node(s)`}`;
  if (describe(known) === describe(wanted)) return;
  throw new DomainError(
    "conflict",
    "cluster_differs",
    `Cannot change cluster "${known.name}" to ${describe(wanted)}: it has ${describe(known)}`,
    {
      hint: `Run "dev/cluster/down --name ${known.name}" first, or pick another name`,
    },
  );
}

/** Starts whatever does not run; false when there was nothing to do. */
async function start(spec: ClusterSpec, binaries: Binaries, signal?: AbortSignal): Promise<boolean> {
  const found = await findPrepared(spec);
  const daemons = (await found?.daemons()) ?? [];
  if (found !== undefined && daemons.every((daemon) => daemon.running) && (await missingParts(spec)).length === 0) return false;
  process.stderr.write(
    `Starting cluster ${spec.name}: Kubernetes ${spec.version}, ${spec.controlPlaneOnly ? "control plane only" : `${spec.nodes} node(s)`}\n`,
  );
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
    await apply(spec, crds, dnsService(spec), signal);
    await establish(spec, crds, signal);
    await startAll(sidecars(spec, binaries));
    await apply(spec, classes, [], signal);
  }
  await waitFor(() => missingParts(spec), machine, signal);
  return true;
}

/** Present in a machine once everything is in place that daemons rely on. */
const PREPARED = "/run/prepared";

/** The running machine of a cluster. One whose \`up\` was killed half way is ended, and made anew. */
async function findPrepared(spec: ClusterSpec): Promise<Machine | undefined> {
  const machine = await Machine.find(stateDir(spec.name));
  if (
    machine === undefined ||
    (await machine.run("cat", [PREPARED]).then(
      () => true,
      () => false,
    ))
  )
    return machine;
  await machine.powerOff();
  return undefined;
}

/** Boots the machine of a cluster that is new, or whose last machine has ended. */
async function bootMachine(spec: ClusterSpec, binaries: Binaries, signal?: AbortSignal): Promise<Machine> {
  const dir = stateDir(spec.name);
  await removeLeftovers(spec.name, signal);
  await mkdir(join(dir, "logs"), { recursive: true });
  await makePki(spec, signal);
  await writeKubeconfigs(spec);
  await writeKubectl(spec, join(binaries.current, "kubernetes"));
  const { path, corefile } = dns(spec, binaries);
  await writeFile(path, corefile);
  const machine = await Machine.boot(dir, binaries.machine, signal);
  await wireMachine(spec, machine, signal);
  if (!spec.controlPlaneOnly) {
    await mountPools(spec, machine, signal);
    for (const node of nodesOf(spec)) {
      await makeCgroups(spec.name, node.name);
      await prepareNode(spec, node, machine, signal);
    }
  }
  await machine.run("touch", [PREPARED], { signal });
  return machine;
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
