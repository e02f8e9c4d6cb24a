import { stat } from "node:fs/promises";
import { Machine } from "../../dev/cluster/machine.ts";
import { nodesOf, stateDir } from "../../dev/cluster/spec.ts";
import { loadSpec } from "../../dev/cluster/store.ts";
import { imageArchive } from "../../dev/images/build.ts";
import { DomainError } from "../../src/base/errors.ts";
import { type JsonObject, listIn, objectIn, isJsonObject, textIn } from "../../src/kube/json.ts";
import { watch } from "../../src/kube/watch.ts";
import { atMost, Figures, type Outcome } from "../part.ts";
import { median } from "../results.ts";
import { Holdfast } from "./holdfast.ts";
import type { VolumesBench, VolumesPart } from "./part.ts";
import type { Site } from "./site.ts";

const NAMESPACE = "files";
const HOLDFAST = "holdfast-system";
const LIMIT_MS = 500;
const LIMIT_MB = 220;
/** What a mover has to do for so long that it can be looked at meanwhile. */
const DATA_MB = 512;
const PODS = { group: "", version: "v1", plural: "pods", kind: "Pod" } as const;

export const startPart: VolumesPart = {
  name: "start",
  description: "from the creation of a mover's container to its first line; and the size of the image",
  run: start,
};

async function start(bench: VolumesBench): Promise<Outcome> {
  await using site = await bench.openSite();
  const figures = new Figures(bench);
  await makeVolume(site);
  const times: number[] = [];
  for (let round = 0; round < bench.runs; round++) {
    const holdfast = await Holdfast.start(site);
    const looking = new AbortController();
    const signal = AbortSignal.any([looking.signal, site.signal]);
    const [ms] = await Promise.all([untilFirstLine(site, signal), holdfast.backUp(NAMESPACE).finally(() => looking.abort())]);
    times.push(ms);
    await holdfast.removeLocation();
  }
  const megabytes = (await stat((await imageArchive("holdfast", site.signal)).archive)).size / 1e6;
  figures.add("a mover's first line", "holdfast backup", { "after ms": median(times), "image MB": megabytes });
  return {
    figures: figures.all,
    goals: [
      atMost(`a mover's first line: within ${LIMIT_MS} ms`, median(times), LIMIT_MS, " ms"),
      atMost(`the image: under ${LIMIT_MB} MB`, megabytes, LIMIT_MB, " MB"),
    ],
  };
}

async function makeVolume(site: Site): Promise<void> {
  const { kubectl, images } = site;
  const claim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "files" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  };
  const container = {
    name: "write",
    image: images.shell,
    imagePullPolicy: "IfNotPresent",
    command: ["sh", "-c", `dd if=/dev/urandom of=/volume/file bs=1000000 count=${DATA_MB} && sync`],
    volumeMounts: [{ name: "volume", mountPath: "/volume" }],
  };
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "write" },
    spec: {
      restartPolicy: "Never",
      containers: [container],
      volumes: [{ name: "volume", persistentVolumeClaim: { claimName: "files" } }],
    },
  };
  await site.makeNamespace(NAMESPACE);
  await kubectl.apply([claim, pod], NAMESPACE);
  await kubectl.run("wait", "--namespace", NAMESPACE, "pod/write", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s");
  await kubectl.run("delete", "pod", "write", "--namespace", NAMESPACE, "--wait");
}

/** Of the next mover that works on the volume. Its log and its container have nanoseconds; its pod has seconds only. */
async function untilFirstLine(site: Site, signal: AbortSignal): Promise<number> {
  const { api, cluster, kubectl } = site;
  for await (const event of watch(api, PODS, { namespace: HOLDFAST, signal })) {
    if (event.type !== "added" && event.type !== "modified") continue;
    const pod = textIn(objectIn(event.object, "metadata"), "name") ?? "";
    const container = runningContainer(event.object);
    if (container === undefined || !hasVolume(event.object)) continue;
    const created = await creationMs(cluster, container);
    const log = kubectl.run("logs", "--namespace", HOLDFAST, pod, "--follow", "--timestamps", "--limit-bytes=200");
    const [time = ""] = (await log).split(" ");
    return Date.parse(time) - created;
  }
  throw new DomainError("internal", "benchmark_failed", "Cannot measure a start: there was no mover");
}

/** Its id in the runtime of the node. */
function runningContainer(pod: JsonObject): string | undefined {
  const [container] = listIn(objectIn(pod, "status"), "containerStatuses");
  if (!isJsonObject(container) || !isJsonObject(objectIn(container, "state")["running"])) return undefined;
  return textIn(container, "containerID")?.replace(/^containerd:\/\//, "");
}

function hasVolume(pod: JsonObject): boolean {
  return listIn(objectIn(pod, "spec"), "volumes").some((volume) => isJsonObject(volume) && "persistentVolumeClaim" in volume);
}

async function creationMs(cluster: string, container: string): Promise<number> {
  const [spec, machine] = await Promise.all([loadSpec(cluster), Machine.find(stateDir(cluster))]);
  if (spec === undefined || machine === undefined) throw new Error("the cluster is gone");
  const [{ containerdSocket }] = nodesOf(spec);
  const { stdout } = await machine.run("ctr", ["--address", containerdSocket, "--namespace", "k8s.io", "containers", "info", container]);
  return Date.parse((JSON.parse(stdout) as { readonly CreatedAt: string }).CreatedAt);
}
