/**
 * What has to stop so that claims are free: workloads by what their templates say, also those of which no pod runs now, since they could
 * start one in mid-exchange; and pods that are nobody's, which cannot be stopped and started again.
 */
import { DomainError } from "../../base/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
import type { WatchedResource } from "../../kube/watch.ts";
import { uidOf } from "../volumes/storage-objects.ts";
import { claimsOfPod, claimsOfSpec, hasEnded, isOfTemplates, PODS } from "./claim-pods.ts";
import type { FieldChange } from "./set-field.ts";

export interface Workload {
  readonly resource: WatchedResource;
  readonly object: JsonObject;
  readonly name: string;
  /** How many pods it is to have; undefined: it has no such number. */
  readonly replicas: number | undefined;
  /** What stops it; undefined: it has stopped already. */
  readonly stop: FieldChange | undefined;
}

export interface ClaimUsers {
  readonly workloads: readonly Workload[];
  /** Pods that use the claims and have not ended. */
  readonly pods: readonly JsonObject[];
}

interface Kind {
  readonly resource: WatchedResource;
  readonly template: (object: JsonObject) => JsonObject;
  readonly stop: "replicas" | "suspend" | undefined;
}

const inSpec = (object: JsonObject): JsonObject => objectIn(objectIn(objectIn(object, "spec"), "template"), "spec");
const KINDS: readonly Kind[] = [
  { resource: { group: "apps", version: "v1", plural: "deployments", kind: "Deployment" }, template: inSpec, stop: "replicas" },
  { resource: { group: "apps", version: "v1", plural: "statefulsets", kind: "StatefulSet" }, template: inSpec, stop: "replicas" },
  { resource: { group: "apps", version: "v1", plural: "replicasets", kind: "ReplicaSet" }, template: inSpec, stop: "replicas" },
  {
    resource: { group: "", version: "v1", plural: "replicationcontrollers", kind: "ReplicationController" },
    template: inSpec,
    stop: "replicas",
  },
  { resource: { group: "apps", version: "v1", plural: "daemonsets", kind: "DaemonSet" }, template: inSpec, stop: undefined },
  { resource: { group: "batch", version: "v1", plural: "jobs", kind: "Job" }, template: inSpec, stop: "suspend" },
  {
    resource: { group: "batch", version: "v1", plural: "cronjobs", kind: "CronJob" },
    template: (object) => inSpec(objectIn(objectIn(object, "spec"), "jobTemplate")),
    stop: "suspend",
  },
];

export const STATEFUL_SET = "StatefulSet";

/** @throws {DomainError} unsupported/swap_cannot_stop: something uses a claim that nobody could start again */
export async function findClaimUsers(
  api: KubeApi,
  namespace: string,
  claims: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<ClaimUsers> {
  const isUsed = (names: readonly string[]): boolean => names.some((name) => claims.has(name));
  const workloads: Workload[] = [];
  const known = new Set<string>();
  for (const { resource, template, stop } of KINDS) {
    for await (const { items } of listPages(api, resource, { namespace, signal })) {
      for (const object of items) {
        const ofTemplates = resource.kind === STATEFUL_SET && Array.from(claims).some((claim) => isOfTemplates(object, claim));
        if (!ofTemplates && !isUsed(claimsOfSpec(template(object)))) continue;
        known.add(uidOf(object));
        const owner = controllerOf(object);
        // A Deployment stops its ReplicaSets; a Job of a CronJob has to be stopped by itself.
        if (owner !== undefined && resource.kind === "ReplicaSet" && known.has(textIn(owner, "uid") ?? "")) continue;
        if (stop === undefined) throw cannotStop(resource.kind, nameIn(object), "Holdfast cannot scale it to none");
        workloads.push(workloadOf(resource, object, stop));
      }
    }
  }
  const pods: JsonObject[] = [];
  for await (const { items } of listPages(api, PODS, { namespace, signal })) {
    for (const pod of items.filter((one) => !hasEnded(one) && isUsed(claimsOfPod(one)))) {
      const owner = controllerOf(pod);
      if (owner === undefined) throw cannotStop("Pod", nameIn(pod), "no controller would start it again");
      const uid = textIn(owner, "uid") ?? "";
      if (!known.has(uid)) {
        const of = `${textIn(owner, "kind") ?? ""} "${textIn(owner, "name") ?? ""}"`;
        throw cannotStop("Pod", nameIn(pod), `it belongs to ${of}, which Holdfast cannot scale`);
      }
      pods.push(pod);
    }
  }
  return { workloads, pods };
}

function workloadOf(resource: WatchedResource, object: JsonObject, stop: "replicas" | "suspend"): Workload {
  const spec = objectIn(object, "spec");
  const name = nameIn(object);
  if (stop === "replicas") {
    const given = spec["replicas"];
    const replicas = typeof given === "number" ? given : 1;
    const change = { purpose: "stop", resource, object, path: ["spec", "replicas"], value: 0 } as const;
    return { resource, object, name, replicas, stop: replicas === 0 ? undefined : change };
  }
  const isOver = resource.kind === "Job" && listIn(objectIn(object, "status"), "conditions").some(isEnd);
  const change = { purpose: "stop", resource, object, path: ["spec", "suspend"], value: true } as const;
  return { resource, object, name, replicas: undefined, stop: spec["suspend"] === true || isOver ? undefined : change };
}

function isEnd(condition: JsonValue): boolean {
  return ["Complete", "Failed"].includes(textIn(condition, "type") ?? "") && textIn(condition, "status") === "True";
}

/** undefined: it has none. */
export function controllerOf(object: JsonObject): JsonObject | undefined {
  return listIn(objectIn(object, "metadata"), "ownerReferences")
    .filter(isJsonObject)
    .find(({ controller }) => controller === true);
}

export function nameIn(object: JsonObject): string {
  return textIn(objectIn(object, "metadata"), "name") ?? "";
}

function cannotStop(kind: string, name: string, state: string): DomainError {
  return new DomainError("unsupported", "swap_cannot_stop", `Cannot stop ${kind} "${name}", which uses a volume: ${state}`, {
    hint: "Stop it by hand, restore again, and start it again afterwards",
  });
}
