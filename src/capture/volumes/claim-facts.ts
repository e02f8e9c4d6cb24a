/** What is known of a claim before anything is decided: its volume, what the storage calls that, and who uses it. */
import { isJsonObject, type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import { wholeQuantity } from "../../kube/quantity.ts";
import type { VolumeMode } from "../../mover/work.ts";

export interface ClaimFacts {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** `Pending`, `Bound` or `Lost`. */
  readonly phase: string;
  readonly isDeleted: boolean;
  readonly storageClass: string | undefined;
  readonly mode: VolumeMode;
  readonly accessModes: readonly string[];
  /** Of the volume, or as much as is asked for. */
  readonly capacityBytes: number;
  /** The one that it is bound to. */
  readonly volume: VolumeFacts | undefined;
  /** Pods that have it, and have not ended. */
  readonly pods: readonly PodUse[];
}

export interface VolumeFacts {
  readonly name: string;
  /** `csi`, `nfs`, `hostPath` …: what its source is called. */
  readonly source: string;
  /** Of CSI. */
  readonly driver: string | undefined;
  /** As the storage calls it. */
  readonly handle: string | undefined;
  /** Where it can be used: `spec.nodeAffinity.required`. */
  readonly nodes: JsonObject | undefined;
}

export interface PodUse {
  readonly name: string;
  readonly uid: string;
  readonly node: string | undefined;
  readonly isRunning: boolean;
}

/** For messages: `shop/data`. */
export function claimName({ namespace, name }: Pick<ClaimFacts, "name" | "namespace">): string {
  return `${namespace}/${name}`;
}

/**
 * @param volume The PersistentVolume that it names, if there is one
 * @param pods Of its namespace
 */
export function claimFacts(claim: JsonObject, volume: JsonObject | undefined, pods: readonly JsonObject[]): ClaimFacts {
  const [metadata, spec, status] = ["metadata", "spec", "status"].map((part) => objectIn(claim, part));
  const name = textIn(metadata, "name") ?? "";
  const capacity = textIn(objectIn(status, "capacity"), "storage");
  const requested = textIn(objectIn(objectIn(spec, "resources"), "requests"), "storage");
  return {
    namespace: textIn(metadata, "namespace") ?? "",
    name,
    uid: textIn(metadata, "uid") ?? "",
    phase: textIn(status, "phase") ?? "Pending",
    isDeleted: textIn(metadata, "deletionTimestamp") !== undefined,
    storageClass: nonEmpty(textIn(spec, "storageClassName")),
    mode: textIn(spec, "volumeMode") === "Block" ? "Block" : "Filesystem",
    accessModes: listIn(spec, "accessModes").filter((mode) => typeof mode === "string"),
    capacityBytes: wholeQuantity(capacity ?? requested ?? "0") ?? 0,
    volume: volume === undefined ? undefined : volumeFacts(volume),
    pods: pods.flatMap((pod) => podUse(pod, name)),
  };
}

function volumeFacts(volume: JsonObject): VolumeFacts {
  const spec = objectIn(volume, "spec");
  const csi = objectIn(spec, "csi");
  const required = objectIn(spec, "nodeAffinity")["required"];
  return {
    name: textIn(objectIn(volume, "metadata"), "name") ?? "",
    source: sourceOf(spec),
    driver: nonEmpty(textIn(csi, "driver")),
    handle: nonEmpty(textIn(csi, "volumeHandle")),
    nodes: isJsonObject(required) ? required : undefined,
  };
}

/** These are objects, too, but say other things. */
const NO_SOURCES: ReadonlySet<string> = new Set(["capacity", "claimRef", "nodeAffinity"]);

function sourceOf(spec: JsonObject): string {
  return Object.keys(spec).find((name) => isJsonObject(spec[name]) && !NO_SOURCES.has(name)) ?? "unknown";
}

function podUse(pod: JsonObject, claim: string): readonly PodUse[] {
  const phase = textIn(objectIn(pod, "status"), "phase");
  const [metadata, spec] = [objectIn(pod, "metadata"), objectIn(pod, "spec")];
  const name = textIn(metadata, "name") ?? "";
  const uses = listIn(spec, "volumes").some((volume) => claimOf(volume, name) === claim);
  if (!uses || phase === "Succeeded" || phase === "Failed") return [];
  return [{ name, uid: textIn(metadata, "uid") ?? "", node: nonEmpty(textIn(spec, "nodeName")), isRunning: phase === "Running" }];
}

/** Of a generic ephemeral volume the claim has the name of the pod and the volume. */
function claimOf(volume: unknown, pod: string): string | undefined {
  if (!isJsonObject(volume)) return undefined;
  if (isJsonObject(volume["ephemeral"])) return `${pod}-${textIn(volume, "name") ?? ""}`;
  return textIn(objectIn(volume, "persistentVolumeClaim"), "claimName");
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
