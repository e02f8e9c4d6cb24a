import { mkdir, open, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DomainError } from "../../src/base/errors.ts";
import { run } from "../host/run.ts";
import type { Machine } from "./machine.ts";
import { type ClusterSpec, nodesOf, stateDir } from "./spec.ts";

/** Size of a zone's storage. The file is sparse: it takes what volumes really hold. */
const POOL_BYTES = 20 * 1024 ** 3;
const DETACH_TIMEOUT_MS = 10_000;

/**
 * A part of the path of every file behind a loop device of a cluster. Once its machine has ended, the kernel tells only the part of a
 * path below the mount point, so this one stands both above and below those of the pools.
 */
function mark(name: string): string {
  return `cluster-${name}`;
}

function poolsDir(name: string): string {
  return join(stateDir(name), mark(name));
}

/** The folder of a zone's volumes. */
export function poolDir(name: string, zone: string): string {
  return join(poolsDir(name), zone, mark(name));
}

/** Makes the storage of every zone that has none, and mounts all of them in a freshly booted machine. */
export async function mountPools(spec: ClusterSpec, machine: Machine, signal?: AbortSignal): Promise<void> {
  for (const { zone } of nodesOf(spec)) {
    const mountPoint = join(poolsDir(spec.name), zone);
    const image = `${mountPoint}.img`;
    await mkdir(mountPoint, { recursive: true });
    if (!(await stat(image).catch(() => undefined))) {
      await using file = await open(`${image}.new`, "w");
      await file.truncate(POOL_BYTES);
      await run("mkfs.btrfs", ["--quiet", "--force", `${image}.new`], { signal });
      await rename(`${image}.new`, image);
    }
    await machine.run("mount", ["-o", "loop,noatime", image, mountPoint], { signal });
    await machine.run("mkdir", ["-p", poolDir(spec.name, zone)], { signal });
  }
}

interface LoopDevice {
  readonly name: string;
  readonly "back-file": string | null;
  readonly "back-ino": number;
  readonly "back-maj:min": string;
}

/** Loop devices that belong to a cluster, those first that stand on others. */
export async function loopDevices(name: string, signal?: AbortSignal): Promise<string[]> {
  const { stdout } = await run("losetup", ["--list", "--json", "--output", "NAME,BACK-FILE,BACK-INO,BACK-MAJ:MIN"], { signal });
  const all = stdout.trim() === "" ? [] : (JSON.parse(stdout) as { loopdevices: LoopDevice[] }).loopdevices;
  const ours = all.filter((loop) => loop["back-file"]?.includes(`/${mark(name)}/`) === true);
  const stacked: LoopDevice[] = [];
  // The kubelet holds on to a block volume with a loop device of its own on top of the volume's.
  for (const { name: below } of ours) {
    const { ino, dev } = await stat(below);
    const device = `${dev >> 8}:${dev & 0xff}`;
    stacked.push(...all.filter((loop) => loop["back-ino"] === ino && loop["back-maj:min"].trim() === device));
  }
  return [...stacked, ...ours].map((loop) => loop.name);
}

/** Detaches what a machine that has ended left behind; the kernel frees the rest as the mounts go. */
export async function detachLoopDevices(name: string, signal?: AbortSignal): Promise<void> {
  const started = performance.now();
  for (;;) {
    const devices = await loopDevices(name, signal);
    if (devices.length === 0) return;
    if (performance.now() - started > DETACH_TIMEOUT_MS) {
      throw new DomainError("unavailable", "loop_busy", `Cannot detach ${devices.join(", ")} of cluster "${name}": still in use`, {
        hint: `See with "losetup --list" and "fuser" who uses them, and run the command again`,
      });
    }
    for (const device of devices) await run("losetup", ["--detach", device], { signal }).catch(() => undefined); // freed meanwhile
    await sleep(50, undefined, { signal });
  }
}
