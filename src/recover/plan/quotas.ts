/** Whether the quotas of a namespace that is there have room for as many objects as a plan creates in it. */
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
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

export interface Shortage {
  readonly namespace: string;
  readonly quota: string;
  /** As the quota calls it. */
  readonly counted: string;
  readonly free: number;
  readonly needed: number;
}

export async function shortages(
  api: KubeApi,
  namespace: string,
  entries: readonly PlanEntry[],
  signal: AbortSignal,
): Promise<readonly Shortage[]> {
  const needed = countsOf(entries.filter(({ id, action }) => id.namespace === namespace && action === "create"));
  if (needed.size === 0) return [];
  const found: Shortage[] = [];
  for await (const { items } of listPages(api, QUOTAS, { namespace, signal })) {
    for (const quota of items) found.push(...shortagesOf(quota, needed, namespace));
  }
  return found;
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
    const [most, now] = [Number(textIn(hard, counted)), Number(textIn(used, counted) ?? "0")];
    return Number.isFinite(most) && most - now < count
      ? [{ namespace, quota: name, counted, free: Math.max(0, most - now), needed: count }]
      : [];
  });
}
