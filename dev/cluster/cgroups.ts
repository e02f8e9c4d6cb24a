import { access, mkdir, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DomainError } from "../../src/base/errors.ts";

const MOUNT = "/sys/fs/cgroup";
const CONTROLLERS = ["cpu", "cpuset", "io", "memory", "pids"];
const REMOVE_TIMEOUT_MS = 10_000;
/**
 * How many processes of the machine all pods together count for when there is too little of it. By default it is one, so that they starve beside
 * API servers, kubelets and tests, which stand alone; on a node of its own the kubelet sees to it that they do not.
 */
const PODS_COUNT_FOR = 8;
/** What one process counts for. */
const SHARES = { "cpu.shares": 1_024, "cpu.weight": 100 } as const;

/** Parent of the cgroups of a node's pods, as the kubelet names it: a path in every hierarchy. */
export function cgroupRoot(cluster: string, node: string): string {
  return `/holdfast-dev/${cluster}/${node}`;
}

/** Version 1 has a tree per controller, version 2 has one for all, in which each folder hands its controllers on to the next. */
export async function makeCgroups(cluster: string, node: string): Promise<void> {
  const root = cgroupRoot(cluster, node);
  for (const hierarchy of await hierarchies()) await mkdir(join(hierarchy, root), { recursive: true });
  if (!(await isUnified())) return raiseShare();
  for (const folder of [MOUNT, join(MOUNT, "holdfast-dev"), join(MOUNT, "holdfast-dev", cluster), join(MOUNT, root)]) {
    await writeFile(join(folder, "cgroup.subtree_control"), CONTROLLERS.map((controller) => `+${controller}`).join(" "));
  }
  await raiseShare();
}

async function raiseShare(): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    for (const [file, one] of Object.entries(SHARES)) {
      const path = join(hierarchy, "holdfast-dev", file);
      const isThere = await access(path).then(
        () => true,
        () => false,
      );
      if (isThere) await writeFile(path, String(PODS_COUNT_FOR * one));
    }
  }
}

/** Removes the cgroups of a cluster whose processes have ended. */
export async function removeCgroups(cluster: string): Promise<void> {
  const started = performance.now();
  for (const hierarchy of await hierarchies()) {
    const parent = join(hierarchy, "holdfast-dev");
    while (!(await removeTree(join(parent, cluster)))) {
      if (performance.now() - started > REMOVE_TIMEOUT_MS) {
        throw new DomainError("unavailable", "cgroup_busy", `Cannot remove cgroup "${join(parent, cluster)}": it still holds processes`);
      }
      await sleep(50); // the kernel takes a moment to let go of processes that have just ended
    }
    await rmdir(parent).catch(() => undefined); // other clusters may be in it
  }
}

export async function hasCgroups(cluster: string): Promise<boolean> {
  const found = (await hierarchies()).map((hierarchy) => access(join(hierarchy, "holdfast-dev", cluster)));
  return (await Promise.allSettled(found)).some((result) => result.status === "fulfilled");
}

async function isUnified(): Promise<boolean> {
  return access(join(MOUNT, "cgroup.controllers")).then(
    () => true,
    () => false,
  );
}

async function hierarchies(): Promise<string[]> {
  if (await isUnified()) return [MOUNT];
  const entries = await readdir(MOUNT, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(MOUNT, entry.name));
}

async function removeTree(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return true;
  let emptied = true;
  for (const entry of entries) if (entry.isDirectory()) emptied = (await removeTree(join(folder, entry.name))) && emptied;
  return (
    emptied &&
    rmdir(folder).then(
      () => true,
      (error: unknown) => (error as NodeJS.ErrnoException).code === "ENOENT",
    )
  );
}
