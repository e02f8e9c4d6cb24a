/** Holdfast's own client of the test cluster, and objects to try it on. */
import type { TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import type { ClusterAccess, Impersonation } from "../../src/kube/access.ts";
import type { JsonObject } from "../../src/kube/json.ts";
import { KubeApi } from "../../src/kube/kube-api.ts";
import { loadAccess } from "../../src/kube/kubeconfig/load.ts";

export const FIELD_MANAGER = "holdfast-test";

export const CONFIG_MAPS = { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap" } as const;
export const PODS = { group: "", version: "v1", plural: "pods", kind: "Pod" } as const;

/** @param change What is otherwise than in the kubeconfig */
export async function openKube(
  test: TestContext,
  kubeconfig: string,
  change: (access: ClusterAccess) => Partial<ClusterAccess> = () => ({}),
): Promise<KubeApi> {
  const access = await loadAccess({ environment: { KUBECONFIG: kubeconfig }, signal: test.signal });
  const api = new KubeApi({ ...access, ...change(access) }, { clock: systemClock, environment: {}, userAgent: "holdfast-test" });
  test.after(() => api[Symbol.asyncDispose]());
  return api;
}

export function as(user: string, more: Partial<Impersonation> = {}): Impersonation {
  return { user, uid: undefined, groups: [], extra: {}, ...more };
}

export function configMap(name: string, data: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata }, data };
}
