import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Machine } from "../../dev/cluster/machine.ts";
import { poolDir } from "../../dev/cluster/pools.ts";
import { stateDir } from "../../dev/cluster/spec.ts";
import { cacheRoot } from "../../dev/host/cache.ts";
import { run } from "../../dev/host/run.ts";
import { DomainError } from "../../src/base/errors.ts";
import { DATA_SETS } from "../data/sets.ts";
import { fileBytes, readAll } from "../files.ts";
import { atLeast, Figures, type Outcome } from "../part.ts";
import { median } from "../results.ts";
import { Holdfast } from "./holdfast.ts";
import type { VolumesBench, VolumesPart } from "./part.ts";
import type { Site } from "./site.ts";

const NAMESPACE = "files";
const SHARE = 0.8;
const PROGRAM = join(import.meta.dirname, "../../bin/holdfast");

export const moverPart: VolumesPart = {
  name: "mover",
  description: "2 GB of files through movers, and by `holdfast files` on the host, in turn",
  run: mover,
};

/** `elsewhere`: a restore onto the file system that the data is from. */
type Rates = Record<"backup" | "elsewhere" | "restore", number[]>;

async function mover(bench: VolumesBench): Promise<Outcome> {
  await using site = await bench.openSite();
  const figures = new Figures(bench);
  const mixed = DATA_SETS.find(({ name }) => name === "mixed");
  if (mixed === undefined) throw new Error("unreachable");
  const { first: data } = await mixed.prepare(site.folder, site.signal);
  const megabytes = (await fileBytes(data, site.signal)) / 1e6;
  await fillVolume(site, data);
  const host: Rates = { backup: [], restore: [], elsewhere: [] };
  const pods: Omit<Rates, "elsewhere"> = { backup: [], restore: [] };
  for (let round = 0; round < bench.runs; round++) {
    const files = await onHost(site, data);
    host.backup.push(megabytes / files.backupSeconds);
    host.restore.push(megabytes / files.restoreSeconds);
    host.elsewhere.push(megabytes / files.elsewhereSeconds);
    const [backupMs, restoreMs] = await throughMovers(site);
    pods.backup.push(megabytes / (backupMs / 1_000));
    pods.restore.push(megabytes / (restoreMs / 1_000));
  }
  const goals = (["backup", "restore"] as const).map((way) => {
    const [onIt, through] = [median(host[way]), median(pods[way])];
    figures.add(way, "holdfast files", { "MB/s": onIt });
    figures.add(way, "mover", { "MB/s": through });
    return atLeast(`${way} through a mover: ${SHARE * 100} % of files on the host`, through / onIt, SHARE, "x");
  });
  figures.add("restore onto another file system", "holdfast files", { "MB/s": median(host.elsewhere) });
  return { figures: figures.all, goals };
}

/** A claim with the data, written by a pod that sees the folder of it. */
async function fillVolume(site: Site, data: string): Promise<void> {
  const { kubectl, images } = site;
  const claim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "files" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "4Gi" } } },
  };
  const container = {
    name: "copy",
    image: images.shell,
    imagePullPolicy: "IfNotPresent",
    command: ["sh", "-c", "cp -a /data/. /volume/ && sync"],
    volumeMounts: [
      { name: "data", mountPath: "/data", readOnly: true },
      { name: "volume", mountPath: "/volume" },
    ],
  };
  const volumes = [
    { name: "data", hostPath: { path: data, type: "Directory" } },
    { name: "volume", persistentVolumeClaim: { claimName: "files" } },
  ];
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "copy" },
    spec: { restartPolicy: "Never", containers: [container], volumes },
  };
  await site.makeNamespace(NAMESPACE);
  await kubectl.apply([claim, pod], NAMESPACE);
  await kubectl.run("wait", "--namespace", NAMESPACE, "pod/copy", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=300s");
  await kubectl.run("delete", "pod", "copy", "--namespace", NAMESPACE, "--wait");
}

interface HostTimes {
  readonly backupSeconds: number;
  /** Onto the storage that volumes are on. */
  readonly restoreSeconds: number;
  readonly elsewhereSeconds: number;
}

/** A repository of its own each time. A restore reads back what it wrote, as movers do. */
async function onHost({ cluster, folder, signal }: Site, data: string): Promise<HostTimes> {
  const [key, repository, target] = [join(folder, "host-key"), join(folder, "host-repository"), join(folder, "host-files")];
  const environment = [`HOLDFAST_REPOSITORY=${repository}`, `NODE_COMPILE_CACHE=${join(cacheRoot(), "bench-compiled")}`];
  // The storage of a cluster is mounted where the cluster runs.
  const machine = await Machine.find(stateDir(cluster));
  if (machine === undefined) throw new Error("the cluster is gone");
  const holdfast = async (...args: readonly string[]): Promise<number> => {
    await run("sync", [], { signal });
    const startMs = performance.now();
    await machine.run("env", [...environment, PROGRAM, ...args], { signal });
    return (performance.now() - startMs) / 1_000;
  };
  await holdfast("repository", "init", "--key-out", key);
  await readAll(data, signal);
  const backupSeconds = await holdfast("files", "backup", data, "--password-file", key);
  const restore = async (to: string): Promise<number> =>
    holdfast("files", "restore", `latest:${data}`, "--target", to, "--verify", "--password-file", key);
  const volume = join(poolDir(cluster, "zone-a"), "host-files");
  const restoreSeconds = await restore(volume);
  await machine.run("rm", ["--recursive", volume], { signal });
  const elsewhereSeconds = await restore(target);
  for (const path of [key, repository, target]) await rm(path, { recursive: true });
  return { backupSeconds, restoreSeconds, elsewhereSeconds };
}

/** A location of its own each time: what one has stored, the next would not store again. */
async function throughMovers(site: Site): Promise<readonly [backupMs: number, restoreMs: number]> {
  const { kubectl, signal } = site;
  const holdfast = await Holdfast.start(site);
  await run("sync", [], { signal });
  const saved = await holdfast.backUp(NAMESPACE);
  await kubectl.deleteNamespaces("files-restored");
  await run("sync", [], { signal });
  const restored = await holdfast.restore(NAMESPACE, "--to-namespace", "files-restored");
  await kubectl.deleteNamespaces("files-restored");
  await holdfast.removeLocation();
  const [backupMs, restoreMs] = [saved.value.volumes[0]?.data?.moverMs, restored.value.volumes[0]?.moverMs];
  if (backupMs !== undefined && restoreMs !== undefined) return [backupMs, restoreMs];
  throw new DomainError("internal", "benchmark_failed", "Cannot measure movers: they do not say how long they took");
}
