/** Asks an API server what it serves: two requests where it gives the answer in one piece, or one for each group and version. */
import { mapConcurrent } from "../base/concurrency.ts";
import { DomainError } from "../base/errors.ts";
import { type GroupVersion, groupVersions, plainGroups, plainVersion } from "./discovery-answers.ts";
import { type JsonValue, textIn } from "./json.ts";
import type { KubeApi } from "./kube-api.ts";
import { ResourceTable } from "./resource-table.ts";
import { apiVersionOf } from "./resource-type.ts";

/** Servers answer in the first form that they know. Source: KEP-3352, "Aggregated Discovery". */
const AGGREGATED = ["v2", "v2beta1"].map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`);
const ACCEPT = [...AGGREGATED, "application/json"].join(",");
const ACTION = "find out what the cluster serves";
const CONCURRENT_REQUESTS = 8;

/**
 * Groups whose own server does not answer are stale: what they serve may be missing in the table, which names them.
 *
 * @throws {DomainError} forbidden/kube_forbidden: the user may not ask
 */
export async function discover(api: KubeApi, signal?: AbortSignal): Promise<ResourceTable> {
  const [core, groups] = await Promise.all(["/api", "/apis"].map((path) => getJson(api, path, signal)));
  const found = [...(await readAnswer(api, core ?? null, signal)), ...(await readAnswer(api, groups ?? null, signal))];
  return new ResourceTable(found);
}

async function readAnswer(api: KubeApi, answer: JsonValue, signal: AbortSignal | undefined): Promise<readonly GroupVersion[]> {
  if (textIn(answer, "kind") === "APIGroupDiscoveryList") return groupVersions(answer);
  return mapConcurrent(plainGroups(answer), { limit: CONCURRENT_REQUESTS, signal }, async (version, either) => {
    const path = version.group === "" ? `/api/${version.version}` : `/apis/${apiVersionOf(version)}`;
    try {
      return plainVersion(version, await getJson(api, path, either));
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind === "forbidden" || error.kind === "unauthenticated") throw error;
      return { ...version, isStale: true, resources: [] };
    }
  });
}

async function getJson(api: KubeApi, path: string, signal: AbortSignal | undefined): Promise<JsonValue> {
  return (await api.request({ method: "GET", action: ACTION, path, accept: ACCEPT, signal })).value;
}
