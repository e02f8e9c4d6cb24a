import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import { makeCgroups } from "./cgroups.ts";
import { dns } from "./control-plane.ts";
import { removeLeftovers } from "./down.ts";
import { writeKubeconfigs, writeKubectl } from "./kubeconfig.ts";
import { Machine } from "./machine.ts";
import { wireMachine } from "./network.ts";
import { prepareNode } from "./node.ts";
import { makePki } from "./pki.ts";
import { mountPools } from "./pools.ts";
import { type ClusterSpec, nodesOf, stateDir } from "./spec.ts";

/** Present in a machine once everything is in place that daemons rely on. */
const PREPARED = "/run/prepared";

/** The running machine of a cluster. One whose `up` was killed half way is ended, to be made anew. */
export async function findPrepared(spec: ClusterSpec): Promise<Machine | undefined> {
  const machine = await Machine.find(stateDir(spec.name));
  if (machine === undefined || (await machine.succeeds("test", ["-e", PREPARED]))) return machine;
  await machine.powerOff();
  return undefined;
}

/** Boots the machine of a cluster that is new, or whose last machine has ended. */
export async function bootMachine(spec: ClusterSpec, binaries: Binaries, signal?: AbortSignal): Promise<Machine> {
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
