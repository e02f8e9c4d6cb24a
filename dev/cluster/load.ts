import { join } from "node:path";
import { DomainError } from "../../src/base/errors.ts";
import { lockFile } from "../host/lock.ts";
import { imageArchive } from "../images/build.ts";
import { Machine } from "./machine.ts";
import { type Node, nodesOf, stateDir } from "./spec.ts";
import { loadSpec } from "./store.ts";

/** Namespace of containerd in which the kubelet looks for images. */
const NAMESPACE = "k8s.io";

/** Puts images of dev/images on every node of a running cluster; returns the names by which pods use them. */
export async function load(name: string, images: readonly string[], signal?: AbortSignal): Promise<string[]> {
  const spec = await loadSpec(name);
  const machine = await Machine.find(stateDir(name));
  if (spec === undefined || machine === undefined || spec.controlPlaneOnly) {
    throw new DomainError("not-found", "cluster_not_found", `Cannot load images into cluster "${name}": it has no running node`, {
      hint: `Start one with "dev/cluster/up --name ${name}"`,
    });
  }
  const references: string[] = [];
  for (const image of images) {
    const { reference, alias, archive } = await imageArchive(image, signal);
    for (const node of nodesOf(spec)) {
      if (alias === undefined || !(await hasImage(machine, node, reference))) await importImage(machine, node, archive, signal);
      if (alias !== undefined) await setAlias(machine, node, { reference, alias, lock: join(stateDir(name), "alias.lock") }, signal);
    }
    references.push(reference);
  }
  return references;
}

export async function importImage(machine: Machine, node: Node, archive: string, signal?: AbortSignal): Promise<void> {
  await machine.run("ctr", [...ctrFlags(node), "images", "import", archive], { signal });
}

async function hasImage(machine: Machine, node: Node, reference: string): Promise<boolean> {
  return (await digestOf(machine, node, reference)) !== undefined;
}

interface Alias {
  readonly reference: string;
  readonly alias: string;
  readonly lock: string;
}

/** ctr takes the old one away first, so it is done by one at a time, and only where something changes. */
async function setAlias(machine: Machine, node: Node, { reference, alias, lock }: Alias, signal: AbortSignal | undefined): Promise<void> {
  await using _ = await lockFile(lock, signal);
  if ((await digestOf(machine, node, alias)) === (await digestOf(machine, node, reference))) return;
  await machine.run("ctr", [...ctrFlags(node), "images", "tag", "--force", reference, alias], { signal });
}

async function digestOf(machine: Machine, node: Node, reference: string): Promise<string | undefined> {
  const { stdout } = await machine.run("ctr", [...ctrFlags(node), "images", "list", `name==${reference}`]);
  return /\bsha256:[0-9a-f]{64}\b/.exec(stdout)?.[0];
}

/** Whether containerd answers; its socket alone may be that of one that was killed. */
export function answers(machine: Machine, node: Node): Promise<boolean> {
  return machine.succeeds("ctr", [...ctrFlags(node), "version"]);
}

function ctrFlags(node: Node): string[] {
  return ["--address", node.containerdSocket, "--connect-timeout", "1s", "--namespace", NAMESPACE];
}
