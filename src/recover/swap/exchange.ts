/**
 * Gives a claim another volume: it is deleted, and made again as it was, with the other one. The volume is reserved for the claim's name
 * before that, so whoever else makes the claim in between gets the same volume, and never an empty one. Going back is the same again.
 */
import { DomainError, isRetryable } from "../../base/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
import { createObject, deleteObject, getObject, patchObject } from "../../kube/objects.ts";
import { RESTORE_MANAGER } from "../field-manager.ts";
import { onlyIfThere } from "../plan/live-objects.ts";
import { CLAIMS, isVolumeOf, resourceVersionOf, uidOf } from "../volumes/storage-objects.ts";
import { claimsOfPod, hasEnded, PODS } from "./claim-pods.ts";
import { getVolume, keep, policyOf, type SetAside } from "./kept-volumes.ts";
import type { ClaimName } from "./steps.ts";

export interface ExchangeRequest {
  /** As it is to be, without a volume. */
  readonly claim: JsonObject;
  /** Is kept, and reserved for the claim's name. */
  readonly to: string;
  /** Volumes that the claim may have now, and that are kept. */
  readonly from: readonly string[];
  /** What becomes of a volume that somebody else has given to the claim; undefined: that is an error. */
  readonly strangers: SetAside | undefined;
  /** Called again and again while the claim cannot go or come: pods must not be there. */
  readonly hold: () => Promise<void>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const FIRST_MS = 30;
const LONGEST_MS = 500;
const PROTECTION = "kubernetes.io/pvc-protection";
/** Of the binding that ends here, and of the server. */
const BINDING: ReadonlySet<string> = new Set([
  "pv.kubernetes.io/bind-completed",
  "pv.kubernetes.io/bound-by-controller",
  "volume.kubernetes.io/selected-node",
]);

/** The claim as it is made again: what a person or controller wrote in it, and nothing of the server and of its old volume. */
export function claimToCome(live: JsonObject): JsonObject {
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _time, ...rest } = objectIn(live, "metadata");
  const { annotations, ownerReferences, ...metadata } = rest;
  const { volumeName: _volume, ...spec } = objectIn(live, "spec");
  const kept = Object.entries(isJsonObject(annotations) ? annotations : {}).filter(([name]) => !BINDING.has(name));
  const owners = (Array.isArray(ownerReferences) ? (ownerReferences as readonly JsonValue[]) : []).filter((owner) => !isOfRetention(owner));
  return {
    apiVersion: "v1",
    kind: CLAIMS.kind,
    metadata: {
      ...metadata,
      ...(kept.length > 0 ? { annotations: Object.fromEntries(kept) } : {}),
      ...(owners.length > 0 ? { ownerReferences: owners } : {}),
    },
    spec,
  };
}

/** A StatefulSet puts these on and off as its retention policy says. */
function isOfRetention(owner: JsonValue): boolean {
  const kind = textIn(owner, "kind");
  return kind === "Pod" || (kind === "StatefulSet" && textIn(owner, "apiVersion") === "apps/v1");
}

export function nameOfClaim(claim: JsonObject): ClaimName {
  const metadata = objectIn(claim, "metadata");
  return { namespace: textIn(metadata, "namespace") ?? "", name: textIn(metadata, "name") ?? "" };
}

/**
 * May be done again from any point at which it was ended.
 *
 * @returns volumes of others that were set aside
 * @throws {DomainError} conflict/swap_other_volume, unavailable/swap_claim_stuck; what the server refuses
 */
export async function exchange(api: KubeApi, request: ExchangeRequest): Promise<readonly string[]> {
  const { claim, to, from, strangers, hold, timeoutMs, signal } = request;
  const { namespace, name } = nameOfClaim(claim);
  const untilMs = api.clock.monotonicMs() + timeoutMs;
  const setAside: string[] = [];
  let refusal: DomainError | undefined;
  for (let delayMs = FIRST_MS; ; delayMs = Math.min(LONGEST_MS, delayMs * 1.5)) {
    const live = await getObject(api, CLAIMS, { namespace, name }, { signal }).catch(onlyIfThere);
    const volume = textIn(objectIn(live, "spec"), "volumeName") ?? "";
    if (live === undefined) {
      try {
        await create(api, claim, to, signal);
        continue;
      } catch (error) {
        if (!mayPass(error)) throw error;
        refusal = error;
      }
    } else if (isGoing(live)) await freeOfEndedPods(api, live, signal);
    else if (volume === to) {
      if (await isBound(api, live, to, signal)) return setAside;
    } else if (from.includes(volume)) await remove(api, live, signal);
    else if (volume !== "") {
      if (strangers === undefined) throw otherVolume(name, namespace, volume);
      const other = await getVolume(api, volume, signal);
      await keep(api, { volume, claim: { namespace, name }, policy: policyOf(other), setAside: strangers }, signal);
      setAside.push(volume);
      await remove(api, live, signal);
    }
    await hold();
    if (api.clock.monotonicMs() >= untilMs) throw refusal ?? stuck(name, namespace, live);
    await api.clock.sleep(delayMs, signal);
  }
}

function isGoing(object: JsonObject): boolean {
  return textIn(objectIn(object, "metadata"), "deletionTimestamp") !== undefined;
}

/** A quota hears of a claim that is gone only after a moment; somebody else may make the claim at this moment; an answer may be lost. */
function mayPass(error: unknown): error is DomainError {
  if (!(error instanceof DomainError)) return false;
  return error.code === "kube_exists" || isQuotaRefusal(error.details) || isRetryable(error);
}

/** Of details of an error: the server counts what is there already. */
export function isQuotaRefusal({ answer }: DomainError["details"]): boolean {
  return typeof answer === "string" && answer.includes("exceeded quota");
}

async function create(api: KubeApi, claim: JsonObject, volumeName: string, signal: AbortSignal): Promise<void> {
  const { namespace, name } = nameOfClaim(claim);
  const { managedFields, finalizers: _finalizers, ...metadata } = objectIn(claim, "metadata");
  const object = { ...claim, metadata, spec: { ...objectIn(claim, "spec"), volumeName } };
  await createObject(api, CLAIMS, object, { namespace, fieldManager: RESTORE_MANAGER, signal });
  // Who wrote which field is as it was. A claim without that is as good.
  const owners = (Array.isArray(managedFields) ? (managedFields as readonly JsonValue[]) : []).filter(
    (entry) => textIn(entry, "subresource") === undefined,
  );
  const changes = { metadata: { managedFields: owners.length > 0 ? owners : [{}] } };
  const patch = { type: "merge", changes } as const;
  await patchObject(api, CLAIMS, { namespace, name }, patch, { fieldManager: RESTORE_MANAGER, signal }).catch((error: unknown) => {
    if (!(error instanceof DomainError)) throw error;
  });
}

async function remove(api: KubeApi, live: JsonObject, signal: AbortSignal): Promise<void> {
  const preconditions = { uid: uidOf(live) };
  await deleteObject(api, CLAIMS, nameOfClaim(live), { preconditions, propagation: "Background", signal }).catch((error: unknown) => {
    if (!(error instanceof DomainError) || error.code !== "kube_conflict") onlyIfThere(error);
  });
}

/** Pods that have ended use no volume, and still keep a claim from going for as long as they are there, which may be for ever. */
async function freeOfEndedPods(api: KubeApi, claim: JsonObject, signal: AbortSignal): Promise<void> {
  const { namespace, name } = nameOfClaim(claim);
  const finalizers = listIn(objectIn(claim, "metadata"), "finalizers");
  if (finalizers.length !== 1 || finalizers[0] !== PROTECTION) return;
  let ended = 0;
  for await (const { items } of listPages(api, PODS, { namespace, signal })) {
    for (const pod of items.filter((one) => claimsOfPod(one).includes(name))) {
      if (!hasEnded(pod)) return;
      ended++;
    }
  }
  if (ended === 0) return;
  const changes = { metadata: { resourceVersion: resourceVersionOf(claim), finalizers: null } };
  await patchObject(api, CLAIMS, { namespace, name }, { type: "merge", changes }, { fieldManager: RESTORE_MANAGER, signal }).catch(
    (error: unknown) => {
      if (!(error instanceof DomainError) || error.code !== "kube_conflict") onlyIfThere(error);
    },
  );
}

async function isBound(api: KubeApi, claim: JsonObject, volume: string, signal: AbortSignal): Promise<boolean> {
  if (textIn(objectIn(claim, "status"), "phase") !== "Bound") return false;
  return isVolumeOf(await getVolume(api, volume, signal), { ...nameOfClaim(claim), uid: uidOf(claim) });
}

function otherVolume(name: string, namespace: string, volume: string): DomainError {
  const message = `Cannot exchange the volume of claim "${name}" in namespace "${namespace}": somebody gave it volume "${volume}" meanwhile`;
  return new DomainError("conflict", "swap_other_volume", message, { hint: "Pause what makes claims here, and restore again" });
}

function stuck(name: string, namespace: string, live: JsonObject | undefined): DomainError {
  const finalizers = listIn(objectIn(live, "metadata"), "finalizers").map(String);
  const state =
    live === undefined
      ? "it cannot be made again"
      : isGoing(live)
        ? `it does not go, held by ${finalizers.join(", ")}`
        : "it is not bound to its volume";
  return new DomainError(
    "unavailable",
    "swap_claim_stuck",
    `Cannot exchange the volume of claim "${name}" in namespace "${namespace}": ${state}`,
  );
}
