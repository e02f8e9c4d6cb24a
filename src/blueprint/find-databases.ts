/** The databases of a namespace as they run now. */
import type { FindingSink } from "../base/finding.ts";
import type { JsonObject } from "../kube/json.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { listPages } from "../kube/list.ts";
import type { Blueprint } from "./blueprint.ts";
import type { Database } from "./database.ts";
import { recogniseDatabases } from "./recognise.ts";

const PODS = { group: "", version: "v1", plural: "pods", kind: "Pod" } as const;
const WORKLOADS = [
  { group: "apps", version: "v1", plural: "statefulsets", kind: "StatefulSet" },
  { group: "apps", version: "v1", plural: "deployments", kind: "Deployment" },
  { group: "apps", version: "v1", plural: "replicasets", kind: "ReplicaSet" },
  { group: "apps", version: "v1", plural: "daemonsets", kind: "DaemonSet" },
] as const;

export interface FindOptions {
  readonly blueprints: readonly Blueprint[];
  readonly report: FindingSink;
  readonly signal: AbortSignal;
}

/** @throws {DomainError} forbidden: pods or workloads may not be listed */
export async function findDatabases(api: KubeApi, namespace: string, options: FindOptions): Promise<readonly Database[]> {
  const { blueprints, report, signal } = options;
  const list = async (resource: (typeof WORKLOADS)[number] | typeof PODS, isMetadataOnly: boolean): Promise<readonly JsonObject[]> => {
    const pages = await Array.fromAsync(listPages(api, resource, { namespace, isMetadataOnly, signal }));
    return pages.flatMap(({ items }) => items);
  };
  const [pods, ...owners] = await Promise.all([list(PODS, false), ...WORKLOADS.map(async (resource) => list(resource, true))]);
  return recogniseDatabases(pods, { blueprints, owners: owners.flat(), report });
}
