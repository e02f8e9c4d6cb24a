import { DomainError } from "../../src/base/errors.ts";
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
      if (alias !== undefined) await machine.run("ctr", [...ctrFlags(node), "images", "tag", "--force", reference, alias], { signal });
    }
    references.push(reference);
  }
  return references;
}

export async function importImage(machine: Machine, node: Node, archive: string, signal?: AbortSignal): Promise<void> {
  await machine.run("ctr", [...ctrFlags(node), "images", "import", archive], { signal });
}

async function hasImage(machine: Machine, node: Node, reference: string): Promise<boolean> {
  const { stdout } = await machine.run("ctr", [...ctrFlags(node), "images", "list", "--quiet", `name==${reference}`]);
  return stdout.trim() !== "";
}

/** Whether containerd answers; its socket alone may be that of one that was killed. */
export function answers(machine: Machine, node: Node): Promise<boolean> {
  return machine.succeeds("ctr", [...ctrFlags(node), "version"]);
}

function ctrFlags(node: Node): string[] {
  return ["--address", node.containerdSocket, "--connect-timeout", "1s", "--namespace", NAMESPACE];
}
