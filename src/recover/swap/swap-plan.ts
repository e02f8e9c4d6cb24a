/** What a swap is going to do, found out before anything is changed; what stands in its way is an error here. */
import { DomainError } from "../../base/errors.ts";
import { type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { createObject, getObject } from "../../kube/objects.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import { RESTORE_MANAGER } from "../field-manager.ts";
import { onlyIfThere } from "../plan/live-objects.ts";
import { missingRights, type NeededRight, rightText } from "../plan/rights.ts";
import { boundVolumeOf, CLAIMS, VOLUMES } from "../volumes/storage-objects.ts";
import { claimsOfPod } from "./claim-pods.ts";
import { claimToCome, isQuotaRefusal } from "./exchange.ts";
import { getVolume } from "./kept-volumes.ts";
import { describeScaler, findScalers, type Scaler } from "./scalers.ts";
import type { ClaimName } from "./steps.ts";
import { type ClaimUsers, findClaimUsers, type Workload } from "./workloads.ts";

export interface SwapRequest {
  readonly api: KubeApi;
  readonly table: ResourceTable;
  readonly claims: readonly ClaimName[];
  /** A person says that what Holdfast cannot pause is paused. */
  readonly ownersPaused: boolean;
  readonly signal: AbortSignal;
}

export interface SwapPlan {
  readonly claims: readonly SwapClaim[];
  readonly workloads: readonly Workload[];
  readonly scalers: readonly Scaler[];
}

export interface SwapClaim {
  readonly name: ClaimName;
  readonly object: JsonObject;
  /** The one that serves now. */
  readonly volume: JsonObject;
  /** Where a pod uses it; undefined: none does. */
  readonly node: string | undefined;
}

/** What the server itself puts on a claim, and takes off once nobody uses it. */
const FINALIZERS: ReadonlySet<string> = new Set(["kubernetes.io/pvc-protection"]);
const MAX_NAME = 253;

/**
 * @throws {DomainError} not-found/swap_no_claim, conflict/swap_claim_not_bound, conflict/swap_claim_held, unsupported/swap_cannot_stop,
 *   conflict/swap_owners, forbidden/swap_rights; what the server would refuse
 */
export async function planSwap(request: SwapRequest): Promise<SwapPlan> {
  const { api, table, claims: names, ownersPaused, signal } = request;
  const users: ClaimUsers[] = [];
  for (const [namespace, ofNamespace] of Map.groupBy(names, (claim) => claim.namespace)) {
    users.push(await findClaimUsers(api, namespace, new Set(ofNamespace.map(({ name }) => name)), signal));
  }
  const pods = users.flatMap((one) => one.pods);
  const workloads = users.flatMap((one) => one.workloads);
  const claims: SwapClaim[] = [];
  for (const name of names) claims.push(await readClaim(api, name, pods, signal));
  const objects = [...workloads.map(({ object }) => object), ...claims.map(({ object }) => object)];
  const scalers = await findScalers({ api, table, objects, signal });
  const inTheWay = scalers.filter((scaler) => scaler.inTheWay !== undefined);
  if (inTheWay.length > 0 && !ownersPaused) throw ownersInTheWay(inTheWay);
  const plan = { claims, workloads, scalers };
  const missing = await missingRights(api, rightsFor(plan), signal);
  if (missing[0] !== undefined) {
    const rights = missing.map(rightText);
    throw new DomainError("forbidden", "swap_rights", `Cannot exchange volumes: missing the right to ${rights[0]}`, {
      details: { rights },
      ...(rights.length > 1 ? { hint: `Also missing: ${rights.slice(1).join("; ")}` } : {}),
    });
  }
  for (const { object } of claims) await assertTaken(api, object, signal);
  return plan;
}

async function readClaim(api: KubeApi, name: ClaimName, pods: readonly JsonObject[], signal: AbortSignal): Promise<SwapClaim> {
  const object = await getObject(api, CLAIMS, name, { signal }).catch(onlyIfThere);
  const what = `claim "${name.name}" in namespace "${name.namespace}"`;
  if (object === undefined) {
    throw new DomainError("not-found", "swap_no_claim", `Cannot exchange the volume of ${what}: there is no such claim`, {
      hint: "Restore it without --swap",
    });
  }
  const volume = boundVolumeOf(object);
  const metadata = objectIn(object, "metadata");
  if (volume === undefined || textIn(metadata, "deletionTimestamp") !== undefined) {
    const state = volume === undefined ? "it is not bound to one" : "it is being deleted";
    throw new DomainError("conflict", "swap_claim_not_bound", `Cannot exchange the volume of ${what}: ${state}`);
  }
  const held = listIn(metadata, "finalizers").find((finalizer) => typeof finalizer === "string" && !FINALIZERS.has(finalizer));
  if (typeof held === "string") {
    throw new DomainError("conflict", "swap_claim_held", `Cannot exchange the volume of ${what}: "${held}" keeps it from going`, {
      hint: "Wait until that is done, or take the finalizer off if it is not needed",
    });
  }
  const users = pods.filter((pod) => textIn(objectIn(pod, "metadata"), "namespace") === name.namespace);
  const user = users.find((pod) => claimsOfPod(pod).includes(name.name));
  const node = textIn(objectIn(user, "spec"), "nodeName");
  return { name, object, volume: await getVolume(api, volume, signal), node };
}

function ownersInTheWay(scalers: readonly Scaler[]): DomainError {
  const [first, ...others] = scalers.map((scaler) => `${describeScaler(scaler)}: ${scaler.inTheWay ?? ""}`);
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return new DomainError("conflict", "swap_owners", `Cannot stop the workload safely because of ${first ?? ""}${more}`, {
    details: { owners: scalers.map(describeScaler) },
    hint: "Pause it so that it changes neither pods nor claims, and say so with --owners-paused",
  });
}

/** Each once. */
function rightsFor({ claims, workloads, scalers }: SwapPlan): readonly NeededRight[] {
  const rights = new Map<string, NeededRight>();
  const need = (right: NeededRight): void => void rights.set(JSON.stringify(right), right);
  for (const verb of ["get", "patch"]) need({ verb, group: VOLUMES.group, plural: VOLUMES.plural, namespace: undefined });
  need({ verb: "list", group: "storage.k8s.io", plural: "volumeattachments", namespace: undefined });
  for (const { name } of claims) {
    for (const verb of ["get", "create", "delete", "patch"]) need({ verb, group: "", plural: CLAIMS.plural, namespace: name.namespace });
  }
  const changed = [...workloads.map(({ resource, object }) => ({ resource, object })), ...scalers.flatMap(({ pause }) => pause ?? [])];
  for (const { resource, object } of changed) {
    const namespace = textIn(objectIn(object, "metadata"), "namespace");
    for (const verb of ["get", "patch"]) need({ verb, group: resource.group, plural: resource.plural, namespace });
  }
  return [...rights.values()];
}

/** An admission policy that refuses the claim is heard now, while the old one is there. Under another name, as this one is taken. */
async function assertTaken(api: KubeApi, object: JsonObject, signal: AbortSignal): Promise<void> {
  const coming = claimToCome(object);
  const { managedFields: _fields, finalizers: _finalizers, ...metadata } = objectIn(coming, "metadata");
  const { namespace, name } = metadata as { readonly namespace: string; readonly name: string };
  const probe = { ...coming, metadata: { ...metadata, name: `${name.slice(0, MAX_NAME - 9)}-holdfast` } };
  try {
    await createObject(api, CLAIMS, probe, { namespace, fieldManager: RESTORE_MANAGER, isDryRun: true, signal });
  } catch (error) {
    // The old one counts as well now.
    if (error instanceof DomainError && isQuotaRefusal(error.details)) return;
    if (!(error instanceof DomainError) || !["usage", "forbidden", "unsupported"].includes(error.kind)) throw error;
    const message = `Cannot make claim "${name}" in namespace "${namespace}" again: ${error.message}`;
    throw new DomainError(error.kind, "swap_claim_refused", message, { cause: error });
  }
}
