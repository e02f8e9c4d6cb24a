/** Volumes that pods name themselves, without a claim: nobody but their own tools can capture them, so at least it is said. */
import type { Finding } from "../../base/finding.ts";
import { isJsonObject, type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";

/** Kinds of volumes that keep data and belong to no claim. What a node has for everybody, as /proc or a socket, is no data of the application. */
const KEEPING: ReadonlySet<string> = new Set([
  "awsElasticBlockStore",
  "azureDisk",
  "azureFile",
  "cephfs",
  "cinder",
  "fc",
  "flexVolume",
  "gcePersistentDisk",
  "glusterfs",
  "hostPath",
  "iscsi",
  "nfs",
  "portworxVolume",
  "rbd",
  "vsphereVolume",
]);
const OF_THE_NODE = /^\/(?:$|boot|dev|etc|proc|run|sys|usr|lib)(?:\/|$)|\.sock$|^\/var\/(?:run|log)(?:\/|$)/;

/** Each volume once, however many pods have it. */
export function inlineVolumes(pods: readonly JsonObject[]): readonly Finding[] {
  const found = new Map<string, Finding>();
  for (const pod of pods) {
    const metadata = objectIn(pod, "metadata");
    const [namespace, name] = [textIn(metadata, "namespace") ?? "", textIn(metadata, "name") ?? ""];
    for (const volume of listIn(objectIn(pod, "spec"), "volumes").filter(isJsonObject)) {
      const kind = Object.keys(volume).find((key) => KEEPING.has(key));
      if (kind === undefined || OF_THE_NODE.test(textIn(objectIn(volume, kind), "path") ?? "-")) continue;
      const key = JSON.stringify([namespace, kind, volume[kind]]);
      if (found.has(key)) continue;
      const message = `Its volume "${textIn(volume, "name") ?? ""}" (${kind}) has no claim, so what is in it is not in the point`;
      found.set(key, { grade: "info", code: "volume_without_claim", object: `pod ${namespace}/${name}`, message });
    }
  }
  return [...found.values()];
}
