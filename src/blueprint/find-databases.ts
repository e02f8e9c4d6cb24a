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
  const pods: JsonObject[] = [];
  const owners: JsonObject[] = [];
  for await (const { items } of listPages(api, PODS, { namespace, signal })) pods.push(...items);
  for (const resource of WORKLOADS) {
    for await (const { items } of listPages(api, resource, { namespace, isMetadataOnly: true, signal })) owners.push(...items);
  }
  return recogniseDatabases(pods, { blueprints, owners, report });
}
