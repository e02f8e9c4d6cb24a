/** A database as it runs in a copy, found by its workload. */
import type { Database } from "../../blueprint/database.ts";
import { recogniseDatabases } from "../../blueprint/recognise.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import type { JsonObject } from "../../kube/json.ts";
import { listPages } from "../../kube/list.ts";
import type { ResourcePath } from "../../kube/resource-type.ts";
import type { PlannedMask } from "./plan-masks.ts";

type Listed = ResourcePath & { readonly kind: string };

const PODS: Listed = { group: "", version: "v1", plural: "pods", kind: "Pod" };
/** What pods belong to, and what has annotations for them. */
const OWNERS: readonly Listed[] = [
  { group: "apps", version: "v1", plural: "deployments", kind: "Deployment" },
  { group: "apps", version: "v1", plural: "replicasets", kind: "ReplicaSet" },
  { group: "apps", version: "v1", plural: "statefulsets", kind: "StatefulSet" },
  { group: "apps", version: "v1", plural: "daemonsets", kind: "DaemonSet" },
];

/** undefined: none of its pods is there. */
export async function runningDatabase(
  api: KubeApi,
  { namespace, workload, blueprint }: PlannedMask,
  signal: AbortSignal,
): Promise<Database | undefined> {
  const list = async (resource: Listed, isMetadataOnly: boolean): Promise<readonly JsonObject[]> =>
    (await Array.fromAsync(listPages(api, resource, { namespace, isMetadataOnly, signal }), ({ items }) => items)).flat();
  const [pods, ...owners] = await Promise.all([list(PODS, false), ...OWNERS.map((resource) => list(resource, true))]);
  // What its annotations say wrong was told when it was backed up.
  const found = recogniseDatabases(pods, { blueprints: [blueprint], owners: owners.flat(), report: () => undefined });
  return found.find((database) => database.workload === workload);
}
