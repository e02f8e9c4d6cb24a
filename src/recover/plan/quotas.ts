/** Whether the quotas of a namespace that is there have room for what a plan creates in it: objects, and storage for its claims. */
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
import { wholeQuantity } from "../../kube/quantity.ts";
import { nameOf } from "../../kube/resource-type.ts";
import type { PlanEntry } from "./plan.ts";

const QUOTAS = { group: "", version: "v1", plural: "resourcequotas", kind: "ResourceQuota" };
/** These are counted under their bare names, too. Source: Kubernetes, "Resource Quotas". */
const BARE_NAMES: ReadonlySet<string> = new Set([
  "configmaps",
  "persistentvolumeclaims",
  "pods",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
  "services",
]);

const STORAGE = "requests.storage";

export interface Shortage {
  readonly namespace: string;
  readonly quota: string;
  /** As the quota calls it. */
  readonly counted: string;
  readonly free: number;
  readonly needed: number;
}

export interface Needed {
  readonly entries: readonly PlanEntry[];
  /** As quotas call it. */
  readonly storage: ReadonlyMap<string, number>;
}

export async function shortages(
  api: KubeApi,
  namespace: string,
  { entries, storage }: Needed,
  signal: AbortSignal,
): Promise<readonly Shortage[]> {
  const needed = new Map([...countsOf(entries.filter(({ id, action }) => id.namespace === namespace && action === "create")), ...storage]);
  if (needed.size === 0) return [];
  const found: Shortage[] = [];
  for await (const { items } of listPages(api, QUOTAS, { namespace, signal })) {
    for (const quota of items) found.push(...shortagesOf(quota, needed, namespace));
  }
  return found;
}

/** What claims ask for, by namespace. Source: Kubernetes, "Resource Quotas", "Storage Resource Quota". */
export class StorageRequests {
  readonly #needed = new Map<string, Map<string, number>>();

  add({ namespace = "", object }: { readonly namespace: string | undefined; readonly object: JsonObject }): void {
    const spec = objectIn(object, "spec");
    const bytes = wholeQuantity(textIn(objectIn(objectIn(spec, "resources"), "requests"), "storage") ?? "") ?? 0;
    const needed = this.#needed.getOrInsertComputed(namespace, () => new Map());
    const add = (name: string, amount: number): void => void needed.set(name, (needed.get(name) ?? 0) + amount);
    add(STORAGE, bytes);
    const storageClass = textIn(spec, "storageClassName");
    if (storageClass === undefined || storageClass === "") return;
    add(`${storageClass}.storageclass.storage.k8s.io/${STORAGE}`, bytes);
    add(`${storageClass}.storageclass.storage.k8s.io/persistentvolumeclaims`, 1);
  }

  in(namespace: string): ReadonlyMap<string, number> {
    return this.#needed.get(namespace) ?? new Map();
  }
}

export function isStorage({ counted }: Pick<Shortage, "counted">): boolean {
  return counted.endsWith(STORAGE);
}

export function countsOf(entries: readonly PlanEntry[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { resource } of entries) {
    const name = nameOf(resource);
    for (const counted of [`count/${name}`, ...(BARE_NAMES.has(name) ? [name] : [])]) counts.set(counted, (counts.get(counted) ?? 0) + 1);
  }
  return counts;
}

export function shortagesOf(quota: JsonObject, needed: ReadonlyMap<string, number>, namespace: string): readonly Shortage[] {
  const status = objectIn(quota, "status");
  const [hard, used] = [objectIn(status, "hard"), objectIn(status, "used")];
  const name = textIn(objectIn(quota, "metadata"), "name") ?? "";
  // Those with scopes count some of the objects only: which, the server knows.
  if (objectIn(quota, "spec")["scopes"] !== undefined || objectIn(quota, "spec")["scopeSelector"] !== undefined) return [];
  return [...needed].flatMap(([counted, count]) => {
    const [most, now] = [wholeQuantity(textIn(hard, counted) ?? ""), wholeQuantity(textIn(used, counted) ?? "0") ?? 0];
    return most !== undefined && most - now < count
      ? [{ namespace, quota: name, counted, free: Math.max(0, most - now), needed: count }]
      : [];
  });
}
