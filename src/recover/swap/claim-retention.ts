/** A StatefulSet may be told to delete its claims when it is scaled down or deleted. While volumes are exchanged it must not. */
import { DomainError } from "../../base/errors.ts";
import { isJsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { CLAIMS } from "../volumes/storage-objects.ts";
import { until } from "../volumes/until.ts";
import { isOfTemplates } from "./claim-pods.ts";
import type { FieldChange } from "./set-field.ts";
import type { ClaimName, SetField } from "./steps.ts";
import { STATEFUL_SET, type Workload } from "./workloads.ts";

const RETAIN = { whenDeleted: "Retain", whenScaled: "Retain" } as const;
const TIMEOUT_MS = 60_000;

/** undefined: it keeps them anyway. */
export function retentionChange({ resource, object }: Workload): FieldChange | undefined {
  if (resource.kind !== STATEFUL_SET) return undefined;
  const policy = objectIn(object, "spec")["persistentVolumeClaimRetentionPolicy"];
  if (!isJsonObject(policy) || !Object.values(policy).includes("Delete")) return undefined;
  return { purpose: "retain", resource, object, path: ["spec", "persistentVolumeClaimRetentionPolicy"], value: RETAIN };
}

/** Its controller has seen it, and taken its claims from the pods that they would go with. */
export async function untilRetained(api: KubeApi, step: SetField, claims: readonly ClaimName[], signal: AbortSignal): Promise<void> {
  const { resource, namespace, name } = step;
  const late = (): never => {
    const message = `Cannot keep the claims of StatefulSet "${name}" in namespace "${namespace}": its controller does not see to it`;
    throw new DomainError("unavailable", "swap_not_retained", message, { hint: "Look at the controller manager of the cluster" });
  };
  const options = { timeoutMs: TIMEOUT_MS, signal, late };
  const set = await until(
    api,
    resource,
    { namespace, name },
    {
      ...options,
      look(found) {
        const observed = objectIn(found, "status")["observedGeneration"];
        const generation = objectIn(found, "metadata")["generation"];
        const isSeen = typeof observed === "number" && typeof generation === "number" && observed >= generation;
        return found === undefined || isSeen ? (found ?? {}) : undefined;
      },
    },
  );
  for (const claim of claims.filter((one) => one.namespace === namespace && isOfTemplates(set, one.name))) {
    await until(api, CLAIMS, claim, {
      ...options,
      look(found) {
        const owners = listIn(objectIn(found, "metadata"), "ownerReferences");
        return owners.some((owner) => textIn(owner, "kind") === "Pod") ? undefined : true;
      },
    });
  }
}
