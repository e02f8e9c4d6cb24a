/** The databases that run in a namespace, by what its objects say now. */
import type { FindingSink } from "../../base/finding.ts";
import type { Blueprint } from "../../blueprint/blueprint.ts";
import type { Database } from "../../blueprint/database.ts";
import { recogniseDatabases } from "../../blueprint/recognise.ts";
import type { JsonObject } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";

export interface DatabaseSearch {
  readonly api: KubeApi;
  readonly blueprints: readonly Blueprint[];
  readonly report: FindingSink;
  readonly signal: AbortSignal;
}

const PODS = { group: "", version: "v1", plural: "pods", kind: "Pod" } as const;
const OWNERS = [
  { group: "apps", version: "v1", plural: "statefulsets", kind: "StatefulSet" },
  { group: "apps", version: "v1", plural: "replicasets", kind: "ReplicaSet" },
  { group: "apps", version: "v1", plural: "deployments", kind: "Deployment" },
] as const;

export async function databasesIn(namespace: string, { api, blueprints, report, signal }: DatabaseSearch): Promise<readonly Database[]> {
  const [pods, ...owners] = await Promise.all([
    listAll(api, PODS, { namespace, signal }),
    ...OWNERS.map(async (kind) => listAll(api, kind, { namespace, isMetadataOnly: true, signal })),
  ]);
  return recogniseDatabases(pods, { blueprints, owners: owners.flat(), report });
}

async function listAll(
  api: KubeApi,
  kind: Parameters<typeof listPages>[1],
  options: Parameters<typeof listPages>[2],
): Promise<readonly JsonObject[]> {
  const found: JsonObject[] = [];
  for await (const { items } of listPages(api, kind, options)) found.push(...items);
  return found;
}
