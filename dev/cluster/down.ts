import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DomainError } from "../../src/base/errors.ts";
import { run } from "../host/run.ts";
import { hasCgroups, removeCgroups } from "./cgroups.ts";
import { Machine } from "./machine.ts";
import { hostInterface } from "./network.ts";
import { detachLoopDevices, loopDevices } from "./pools.ts";
import { isAlive, type ProcessIdentity } from "./process-identity.ts";
import { stateDir } from "./spec.ts";
import { listNames, loadSpec, lockCluster } from "./store.ts";

const LINK_TIMEOUT_MS = 10_000;

/**
 * Removes a cluster with everything that it holds, in whatever state it is.
 *
 * @throws {DomainError} not-found/cluster_not_found: nothing of a cluster of that name is on this machine.
 */
export async function down(name: string, signal?: AbortSignal): Promise<void> {
  await using _lock = await lockCluster(name, signal);
  if (!(await exists(name, signal))) {
    const names = await listNames();
    throw new DomainError("not-found", "cluster_not_found", `Cannot end cluster "${name}": there is none of that name`, {
      hint: names.length === 0 ? "No cluster is on this machine" : `Clusters on this machine: ${names.join(", ")}`,
    });
  }
  await removeCluster(name, signal);
}

/** The same without a lock, for whoever holds it. */
export async function removeCluster(name: string, signal?: AbortSignal): Promise<void> {
  const dir = stateDir(name);
  await (await Machine.find(dir))?.powerOff();
  await removeLeftovers(name, signal);
  // The spec goes last: until then `down` can be repeated.
  for (const entry of await readdir(dir).catch(() => [])) if (entry !== "cluster.json") await rm(join(dir, entry), { recursive: true });
  await rm(dir, { recursive: true, force: true });
}

/** Removes what a machine that has ended may leave in the kernel. Its processes, mounts, links and firewall tables went with it. */
export async function removeLeftovers(name: string, signal?: AbortSignal): Promise<void> {
  await detachLoopDevices(name, signal);
  await removeCgroups(name);
  const started = performance.now();
  while (await hasLink(name, signal)) {
    await run("ip", ["link", "delete", hostInterface(name)], { signal }).catch(() => undefined); // the kernel may be faster
    if (performance.now() - started > LINK_TIMEOUT_MS)
      throw new DomainError("unavailable", "link_busy", `Cannot delete network interface "${hostInterface(name)}"`);
    await sleep(20, undefined, { signal });
  }
}

/** Removes clusters whose owner has ended without removing them, such as a test run that was killed. */
export async function removeAbandoned(signal?: AbortSignal): Promise<void> {
  for (const name of await listNames()) {
    if ((await goneOwner(name)) === undefined) continue;
    await using _lock = await lockCluster(name, signal);
    const owner = await goneOwner(name);
    if (owner === undefined) continue; // somebody else was faster
    process.stderr.write(`Removing cluster ${name}, whose owner, process ${owner.pid}, has ended\n`);
    await removeCluster(name, signal);
  }
}

async function goneOwner(name: string): Promise<ProcessIdentity | undefined> {
  const owner = (await loadSpec(name))?.owner;
  return owner === undefined || (await isAlive(owner)) ? undefined : owner;
}

async function exists(name: string, signal?: AbortSignal): Promise<boolean> {
  const known = (await listNames()).includes(name);
  return known || (await hasLink(name, signal)) || (await hasCgroups(name)) || (await loopDevices(name, signal)).length > 0;
}

async function hasLink(name: string, signal?: AbortSignal): Promise<boolean> {
  const { stdout } = await run("ip", ["-o", "link", "show"], { signal });
  return stdout.includes(` ${hostInterface(name)}@`) || stdout.includes(` ${hostInterface(name)}:`);
}
