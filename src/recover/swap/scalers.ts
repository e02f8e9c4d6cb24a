/**
 * Who could start pods again, or change the claims, in the middle of a swap: tools that hold objects to what they have on record, and
 * autoscalers. Those that can be told to wait are paused; of the others a person has to say that they are.
 */
import { isBuiltIn } from "../prepare/waves.ts";
import { isJsonObject, type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
import { describeId, groupOf, idOfObject, keyOf, type ObjectId } from "../../kube/object-id.ts";
import { getObject } from "../../kube/objects.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import type { WatchedResource } from "../../kube/watch.ts";
import { onlyIfThere } from "../plan/live-objects.ts";
import type { FieldChange } from "./set-field.ts";

export interface Scaler {
  readonly id: ObjectId;
  /** What of the application it looks after. */
  readonly of: ObjectId;
  readonly tool: "argocd" | "flux" | "hpa" | "keda" | "owner";
  /** undefined, and not in the way: it does nothing to a workload with no pods, or is paused already. */
  readonly pause: FieldChange | undefined;
  /** Why Holdfast cannot pause it; undefined: it is not in the way once it is paused. */
  readonly inTheWay: string | undefined;
}

export interface ScalerSearch {
  readonly api: KubeApi;
  readonly table: ResourceTable;
  /** The workloads that are stopped, and the claims. */
  readonly objects: readonly JsonObject[];
  readonly signal: AbortSignal;
}

/** Each once; also who holds those that it finds to their record. */
export async function findScalers({ api, table, objects, signal }: ScalerSearch): Promise<readonly Scaler[]> {
  const search = new Search(api, table, signal);
  for (const object of objects) await search.look(object);
  return search.found();
}

const APPLICATION = { group: "argoproj.io", kind: "Application" };
const KUSTOMIZATION = { group: "kustomize.toolkit.fluxcd.io", kind: "Kustomization" };
const HELM_RELEASE = { group: "helm.toolkit.fluxcd.io", kind: "HelmRelease" };
const SCALED_OBJECT = { group: "keda.sh", kind: "ScaledObject" };
const AUTOSCALER = { group: "autoscaling", kind: "HorizontalPodAutoscaler" };
/** Source: KEDA, "Scaling deployments", Pause autoscaling. */
const KEDA_PAUSED = "autoscaling.keda.sh/paused";
/** Who is looked after by whom is followed so far. */
const MAX_DEPTH = 6;

class Search {
  readonly #api: KubeApi;
  readonly #table: ResourceTable;
  readonly #signal: AbortSignal;
  readonly #scalers = new Map<string, Scaler>();
  readonly #seen = new Set<string>();
  readonly #lists = new Map<string, Promise<readonly JsonObject[]>>();

  constructor(api: KubeApi, table: ResourceTable, signal: AbortSignal) {
    this.#api = api;
    this.#table = table;
    this.#signal = signal;
  }

  found(): readonly Scaler[] {
    return [...this.#scalers.values()];
  }

  async look(object: JsonObject, depth = 0): Promise<void> {
    const id = idOfObject(object);
    if (this.#seen.has(keyOf(id)) || depth > MAX_DEPTH) return;
    this.#seen.add(keyOf(id));
    await this.#owners(object, id, depth);
    await this.#argo(id, depth);
    await this.#flux(object, id, depth);
    await this.#autoscalers(id, depth);
  }

  async #owners(object: JsonObject, id: ObjectId, depth: number): Promise<void> {
    for (const owner of listIn(objectIn(object, "metadata"), "ownerReferences").filter(isJsonObject)) {
      const group = groupOf(textIn(owner, "apiVersion") ?? "");
      const [kind, name] = [textIn(owner, "kind") ?? "", textIn(owner, "name") ?? ""];
      const resource = this.#table.ofObject(textIn(owner, "apiVersion") ?? "", kind);
      const namespace = resource?.isNamespaced === false ? undefined : id.namespace;
      const of = { group, kind, name, namespace };
      if (!isBuiltIn(group)) {
        this.#add({ id: of, of: id, tool: "owner", pause: undefined, inTheWay: "Holdfast does not know how to pause it" });
      }
      const found = resource === undefined ? undefined : await this.#get(resource, of);
      if (found !== undefined) await this.look(found, depth + 1);
    }
  }

  /** By what Argo CD itself says that it looks after. */
  async #argo(id: ObjectId, depth: number): Promise<void> {
    const resource = this.#table.ofKind(APPLICATION);
    if (resource === undefined) return;
    for (const object of await this.#all(resource, undefined)) {
      const isOfIt = (entry: JsonValue): boolean =>
        textIn(entry, "kind") === id.kind &&
        (textIn(entry, "group") ?? "") === id.group &&
        textIn(entry, "name") === id.name &&
        (textIn(entry, "namespace") ?? id.namespace) === id.namespace;
      if (!listIn(objectIn(object, "status"), "resources").some(isOfIt)) continue;
      const path = ["spec", "syncPolicy", "automated"];
      const automated = objectIn(objectIn(object, "spec"), "syncPolicy")["automated"];
      const isAutomatic = isJsonObject(automated) && automated["enabled"] !== false;
      const isSyncing = textIn(objectIn(objectIn(object, "status"), "operationState"), "phase") === "Running";
      this.#add({
        id: idOfObject(object),
        of: id,
        tool: "argocd",
        pause: isAutomatic ? { purpose: "pause", resource, object, path, value: null } : undefined,
        inTheWay: isSyncing ? "it is in the middle of a sync: wait until that is over" : undefined,
      });
      await this.look(object, depth + 1);
    }
  }

  async #flux(object: JsonObject, id: ObjectId, depth: number): Promise<void> {
    const labels = objectIn(objectIn(object, "metadata"), "labels");
    for (const kind of [KUSTOMIZATION, HELM_RELEASE]) {
      const [name, namespace] = [textIn(labels, `${kind.group}/name`), textIn(labels, `${kind.group}/namespace`)];
      const resource = this.#table.ofKind(kind);
      if (name === undefined || namespace === undefined || resource === undefined) continue;
      const found = await this.#get(resource, { ...kind, name, namespace });
      if (found === undefined) continue;
      const isSuspended = objectIn(found, "spec")["suspend"] === true;
      const pause = { purpose: "pause", resource, object: found, path: ["spec", "suspend"], value: true } as const;
      const of = { id: idOfObject(found), of: id, tool: "flux", inTheWay: undefined } as const;
      this.#add({ ...of, pause: isSuspended ? undefined : pause });
      await this.look(found, depth + 1);
    }
  }

  async #autoscalers(id: ObjectId, depth: number): Promise<void> {
    const isTarget = (object: JsonObject): boolean => {
      const target = objectIn(objectIn(object, "spec"), "scaleTargetRef");
      const group = groupOf(textIn(target, "apiVersion") ?? "apps/v1");
      return textIn(target, "name") === id.name && (textIn(target, "kind") ?? "Deployment") === id.kind && group === id.group;
    };
    const hpa = this.#table.ofKind(AUTOSCALER);
    const keda = this.#table.ofKind(SCALED_OBJECT);
    for (const object of hpa === undefined ? [] : await this.#all(hpa, id.namespace)) {
      // With no replicas it does nothing, until there are some again.
      if (isTarget(object)) this.#add({ id: idOfObject(object), of: id, tool: "hpa", pause: undefined, inTheWay: undefined });
    }
    for (const object of keda === undefined ? [] : await this.#all(keda, id.namespace)) {
      if (keda === undefined || !isTarget(object)) continue;
      const path = ["metadata", "annotations", KEDA_PAUSED];
      const isPaused = textIn(objectIn(objectIn(object, "metadata"), "annotations"), KEDA_PAUSED) === "true";
      const pause = { purpose: "pause", resource: keda, object, path, value: "true" } as const;
      this.#add({ id: idOfObject(object), of: id, tool: "keda", pause: isPaused ? undefined : pause, inTheWay: undefined });
      await this.look(object, depth + 1);
    }
  }

  #add(scaler: Scaler): void {
    const key = keyOf(scaler.id);
    const known = this.#scalers.get(key);
    // What can be paused, or does nothing, may own the next one all the same.
    if (known === undefined || (known.tool === "owner" && scaler.tool !== "owner")) this.#scalers.set(key, scaler);
  }

  async #get(resource: WatchedResource, { namespace, name }: ObjectId): Promise<JsonObject | undefined> {
    return getObject(this.#api, resource, { namespace, name }, { signal: this.#signal }).catch(onlyIfThere);
  }

  async #all(resource: WatchedResource, namespace: string | undefined): Promise<readonly JsonObject[]> {
    return this.#lists.getOrInsertComputed(`${resource.group} ${resource.plural} ${namespace ?? ""}`, async () => {
      const pages = await Array.fromAsync(listPages(this.#api, resource, { namespace, signal: this.#signal }), ({ items }) => items);
      return pages.flat();
    });
  }
}

/** `Application "shop" in namespace "argocd", which looks after StatefulSet "db"` */
export function describeScaler({ id, of }: Scaler): string {
  return `${describeId(id)}, which looks after ${of.kind} "${of.name}"`;
}
