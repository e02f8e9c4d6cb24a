/** Asks the API server whether the user may do what a plan needs, before any of it is done. */
import { mapConcurrent } from "../../base/concurrency.ts";
import { objectIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { nameOf } from "../../kube/resource-type.ts";
import type { PlanEntry } from "./plan.ts";

export interface NeededRight {
  readonly verb: string;
  readonly group: string;
  readonly plural: string;
  readonly namespace: string | undefined;
}

const CONCURRENT_REQUESTS = 8;
const VERBS: Readonly<Record<PlanEntry["action"], readonly string[]>> = {
  // The patch gives the fields to their owners.
  create: ["create", "patch"],
  update: ["patch"],
  replace: ["update", "patch"],
  skip: [],
};

/** Each once. */
export function neededRights(entries: readonly PlanEntry[]): readonly NeededRight[] {
  const rights = new Map<string, NeededRight>();
  for (const { action, resource, id } of entries) {
    for (const verb of VERBS[action]) {
      const right = { verb, group: resource.group, plural: resource.plural, namespace: id.namespace };
      rights.set(JSON.stringify(right), right);
    }
  }
  return [...rights.values()];
}

/** Those that the user does not have. */
export async function missingRights(api: KubeApi, rights: readonly NeededRight[], signal: AbortSignal): Promise<readonly NeededRight[]> {
  const isAllowed = await mapConcurrent(rights, { limit: CONCURRENT_REQUESTS, signal }, async (right, either) => {
    const { verb, group, plural: resource, namespace } = right;
    const resourceAttributes = { verb, group, resource, ...(namespace === undefined ? {} : { namespace }) };
    const { value } = await api.request({
      method: "POST",
      action: "ask what the user may do",
      path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      body: {
        type: "application/json",
        value: { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec: { resourceAttributes } },
      },
      isRepeatable: true,
      signal: either,
    });
    return objectIn(value, "status")["allowed"] === true;
  });
  return rights.filter((_, index) => isAllowed[index] === false);
}

/** `create "secrets" in namespace "a"` */
export function rightText({ verb, group, plural, namespace }: NeededRight): string {
  const where = namespace === undefined ? "in the whole cluster" : `in namespace "${namespace}"`;
  return `${verb} "${nameOf({ plural, group })}" ${where}`;
}
