/** Volumes that are kept for as long as they change hands, or until a person lets them go: what is noted on them, and their reclaim policy. */
import { DomainError } from "../../base/errors.ts";
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { getObject } from "../../kube/objects.ts";
import { GROUP, KEEP_ANNOTATION } from "../../run/marks.ts";
import { onlyIfThere } from "../plan/live-objects.ts";
import { changeVolume } from "../volumes/hand-over.ts";
import { annotationIn, VOLUMES } from "../volumes/storage-objects.ts";
import type { ClaimName, ClaimReference } from "./steps.ts";

const SET_ASIDE_BY = `${GROUP}/set-aside-by`;
const SET_ASIDE_AT = `${GROUP}/set-aside-at`;
const POLICY = `${GROUP}/policy`;
/** With it the server would forget the claim of a volume that is told whom it belongs to. */
const BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller";

export interface SetAside {
  /** Id of the run. */
  readonly by: string;
  /** RFC 3339. */
  readonly at: string;
}

export interface KeptVolume {
  readonly name: string;
  readonly claim: ClaimName;
  readonly setAside: SetAside;
  readonly policy: string;
}

/** undefined: it is not kept. */
export function keptVolumeOf(volume: JsonObject): KeptVolume | undefined {
  const [namespace = "", name = ""] = (annotationIn(volume, KEEP_ANNOTATION) ?? "").split("/");
  const by = annotationIn(volume, SET_ASIDE_BY);
  if (by === undefined || name === "") return undefined;
  return {
    name: textIn(objectIn(volume, "metadata"), "name") ?? "",
    claim: { namespace, name },
    setAside: { by, at: annotationIn(volume, SET_ASIDE_AT) ?? "" },
    policy: policyOf(volume),
  };
}

/** When it serves. */
export function policyOf(volume: JsonObject): string {
  return annotationIn(volume, POLICY) ?? textIn(objectIn(volume, "spec"), "persistentVolumeReclaimPolicy") ?? "Delete";
}

/** undefined: it was never bound. */
export function referenceIn(volume: JsonObject): ClaimReference | undefined {
  const reference = objectIn(objectIn(volume, "spec"), "claimRef");
  const [namespace, name, uid = ""] = [textIn(reference, "namespace"), textIn(reference, "name"), textIn(reference, "uid")];
  return namespace === undefined || name === undefined ? undefined : { namespace, name, uid };
}

export interface KeepRequest {
  readonly volume: string;
  readonly claim: ClaimName;
  readonly policy: string;
  readonly setAside: SetAside;
}

export async function keep(api: KubeApi, { volume, claim, policy, setAside }: KeepRequest, signal: AbortSignal): Promise<void> {
  const annotations = {
    [KEEP_ANNOTATION]: `${claim.namespace}/${claim.name}`,
    [POLICY]: policy,
    [SET_ASIDE_BY]: setAside.by,
    [SET_ASIDE_AT]: setAside.at,
  };
  await changeVolume(api, volume, signal, () => ({ metadata: { annotations }, spec: { persistentVolumeReclaimPolicy: "Retain" } }));
}

/** It is a volume like others again. What has no claim then goes, if that is its policy. */
export async function letGo(api: KubeApi, volume: string, policy: string, signal: AbortSignal): Promise<void> {
  const annotations = { [KEEP_ANNOTATION]: null, [POLICY]: null, [SET_ASIDE_BY]: null, [SET_ASIDE_AT]: null };
  await changeVolume(api, volume, signal, () => ({ metadata: { annotations }, spec: { persistentVolumeReclaimPolicy: policy } }));
}

/** Whoever makes a claim of that name gets this volume. One that is bound to such a claim is left alone. */
export async function reserve(api: KubeApi, volume: string, claim: ClaimName, uid: string | undefined, signal: AbortSignal): Promise<void> {
  await changeVolume(api, volume, signal, (live) => {
    const now = referenceIn(live);
    const isOfName = now?.namespace === claim.namespace && now.name === claim.name;
    if (isOfName && (now.uid === "" || now.uid === uid)) return undefined;
    const reference = { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace: claim.namespace, name: claim.name };
    return {
      metadata: { annotations: { [BOUND_BY_CONTROLLER]: null } },
      spec: { claimRef: { ...reference, uid: null, resourceVersion: null } },
    };
  });
}

/** Belongs to what it belonged to before, which is gone: to nobody. */
export async function unreserve(api: KubeApi, volume: string, before: ClaimReference, signal: AbortSignal): Promise<void> {
  await changeVolume(api, volume, signal, (live) => {
    if (referenceIn(live)?.uid !== "") return undefined;
    const { namespace, name, uid } = before;
    const claimRef = { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid, resourceVersion: null };
    return { metadata: {}, spec: { claimRef } };
  });
}

/** @throws {DomainError} not-found/volume_lost: that volume is gone, which must not be */
export async function getVolume(api: KubeApi, name: string, signal: AbortSignal): Promise<JsonObject> {
  const found = await getObject(api, VOLUMES, { name }, { signal }).catch(onlyIfThere);
  if (found !== undefined) return found;
  throw new DomainError("not-found", "volume_lost", `Cannot find volume "${name}": somebody deleted it`, {
    hint: "Restore its claim from a restore point",
  });
}
