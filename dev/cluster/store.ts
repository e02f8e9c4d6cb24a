import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DomainError } from "../../src/base/errors.ts";
import { requireSpace } from "../host/disk-space.ts";
import { lockFile } from "../host/lock.ts";
import { run } from "../host/run.ts";
import { type ClusterSpec, STATE_ROOT, stateDir } from "./spec.ts";

const MAX_CLUSTERS = 50;
/** What a cluster writes before its first volume, with room for some images. */
const CLUSTER_BYTES = 2 * 1024 ** 3;
/** Not the name of a cluster. */
const LOCKS = ".locks";

export async function listNames(): Promise<string[]> {
  const entries = await readdir(STATE_ROOT, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory() && entry.name !== LOCKS).map((entry) => entry.name);
}

/** The spec of a cluster, or undefined when there is none, or when its making ended before the spec was written. */
export async function loadSpec(name: string): Promise<ClusterSpec | undefined> {
  const text = await readFile(join(stateDir(name), "cluster.json"), "utf8").catch(() => undefined);
  // Written by createSpec below in a folder that only root can write.
  return text === undefined ? undefined : (JSON.parse(text) as ClusterSpec);
}

/** One `up` or `down` of a cluster at a time. */
export function lockCluster(name: string, signal?: AbortSignal): Promise<AsyncDisposable> {
  return lockFile(join(STATE_ROOT, LOCKS, `cluster-${name}`), signal, (holder) =>
    process.stderr.write(`Waiting for process ${holder}, which works on cluster ${name}\n`),
  );
}

/** Picks a subnet that no other cluster and no route of this machine uses, and writes the spec. */
export async function createSpec(wanted: Omit<ClusterSpec, "index">, signal?: AbortSignal): Promise<ClusterSpec> {
  await using _lock = await lockFile(join(STATE_ROOT, LOCKS, "subnets"), signal);
  await requireSpace(STATE_ROOT, CLUSTER_BYTES, `create cluster "${wanted.name}"`, "set HOLDFAST_DEV_STATE to a folder on a larger disk");
  const specs = await Promise.all((await listNames()).map(loadSpec));
  const routes = (await run("ip", ["-4", "route", "show", "table", "all"], { signal })).stdout;
  const free = (index: number): boolean => specs.every((spec) => spec?.index !== index) && !routes.includes(`10.${200 + index}.`);
  const index = Array.from({ length: MAX_CLUSTERS }, (_, candidate) => candidate).find(free);
  if (index === undefined) {
    throw new DomainError(
      "unavailable",
      "subnets_used_up",
      `Cannot create cluster "${wanted.name}": all ${MAX_CLUSTERS} subnets are in use`,
      {
        hint: `Run "dev/cluster/status" and end the clusters that nobody needs with "dev/cluster/down --name NAME"`,
      },
    );
  }
  const spec: ClusterSpec = { ...wanted, index };
  const dir = stateDir(wanted.name);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await writeFile(join(dir, "cluster.json.new"), `${JSON.stringify(spec)}\n`);
  await rename(join(dir, "cluster.json.new"), join(dir, "cluster.json"));
  return spec;
}
