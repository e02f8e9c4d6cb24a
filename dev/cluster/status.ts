import { kubeconfigPath } from "./kubeconfig.ts";
import { Machine } from "./machine.ts";
import { missingParts } from "./ready.ts";
import { type ClusterSpec, stateDir, type Version } from "./spec.ts";
import { listNames, loadSpec } from "./store.ts";

export interface ClusterStatus {
  readonly name: string;
  /** `stopped`: no machine; `degraded`: a daemon has ended or something is not ready. `up` repairs both. */
  readonly state: "ready" | "degraded" | "stopped";
  readonly version: Version;
  readonly nodes: number;
  readonly kubeconfig: string;
  /** Process ids are those of the host. */
  readonly daemons: readonly { readonly name: string; readonly pid: number | undefined; readonly ended: string | undefined }[];
}

export async function status(): Promise<ClusterStatus[]> {
  const all: ClusterStatus[] = [];
  for (const name of (await listNames()).toSorted()) {
    const spec = await loadSpec(name);
    if (spec === undefined) continue;
    const machine = await Machine.find(stateDir(name));
    const daemons = await Promise.all(
      ((await machine?.daemons()) ?? []).map(async ({ name: daemon, pid, running, ended }) => ({
        name: daemon,
        pid: running ? await machine?.hostPid(pid) : undefined,
        ended,
      })),
    );
    const ready = daemons.every(({ ended }) => ended === undefined) && (await isWhole(spec));
    // It went while it was looked at.
    if ((await loadSpec(name)) === undefined) continue;
    const state = machine === undefined ? "stopped" : ready ? "ready" : "degraded";
    const nodes = spec.controlPlaneOnly ? 0 : spec.nodes;
    all.push({ name, state, version: spec.version, nodes, kubeconfig: kubeconfigPath(name), daemons });
  }
  return all;
}

/** Without its certificates it is being made or removed at this moment. */
async function isWhole(spec: ClusterSpec): Promise<boolean> {
  try {
    return (await missingParts(spec)).length === 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
