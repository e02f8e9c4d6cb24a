/**
 * Gives a filled volume to the claim that it is for. The volume is told that it belongs to that claim, by its uid, and to be kept, in one
 * request: whatever becomes of either claim and of this process, nobody else gets the volume and nobody deletes it.
 */
import { DomainError, isRetryable } from "../../base/errors.ts";
import { retry } from "../../base/retry.ts";
import { type JsonObject, type JsonValue, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { deleteObject, getObject, patchObject } from "../../kube/objects.ts";
import { FIELD_MANAGER, RECLAIM_POLICY_ANNOTATION, RUN_LABEL } from "../../run/marks.ts";
import { onlyIfThere } from "../plan/live-objects.ts";
import type { FillContext, FilledVolume } from "./filled-volume.ts";
import { annotationIn, boundVolumeOf, CLAIMS, isVolumeOf, resourceVersionOf, uidOf, VOLUMES } from "./storage-objects.ts";
import { until } from "./until.ts";

export interface HandOverTarget {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

const BIND_MS = 180_000;
const RETRIES = { maxAttempts: 10, maxElapsedMs: 30_000, firstDelayMs: 50, maxDelayMs: 2_000 };

/**
 * May be called again with the same, and goes on then.
 *
 * @throws {DomainError} conflict/claim_gone: the claim is not there any more; conflict/claim_taken: it has another volume;
 *   unavailable/claim_not_bound
 */
export async function handOver(
  { run }: Pick<FillContext, "run">,
  { claim, persistentVolume }: FilledVolume,
  target: HandOverTarget,
  signal: AbortSignal,
): Promise<void> {
  const { api } = run;
  await assign(api, persistentVolume, { from: claim, to: target, run: run.id.toLowerCase() }, signal);
  await deleteObject(api, CLAIMS, claim, { preconditions: { uid: claim.uid }, propagation: "Background", signal }).catch(onlyIfOurs);
  try {
    await assertBound(api, persistentVolume, target, signal);
  } catch (error) {
    // A volume that nobody will have goes as its class says.
    if (error instanceof DomainError && error.kind === "conflict") await giveBackPolicy(api, persistentVolume, signal);
    throw error;
  }
  await giveBackPolicy(api, persistentVolume, signal);
}

interface Assignment {
  readonly from: FilledVolume["claim"];
  readonly to: HandOverTarget;
  readonly run: string;
}

async function assign(api: KubeApi, name: string, { from, to, run }: Assignment, signal: AbortSignal): Promise<void> {
  await changeVolume(api, name, signal, (volume) => {
    if (isVolumeOf(volume, to)) return undefined;
    if (!isVolumeOf(volume, from)) {
      throw new DomainError(
        "conflict",
        "volume_taken",
        `Cannot bind claim "${to.name}": its new volume "${name}" belongs to another claim`,
      );
    }
    const policy =
      annotationIn(volume, RECLAIM_POLICY_ANNOTATION) ?? textIn(objectIn(volume, "spec"), "persistentVolumeReclaimPolicy") ?? "Delete";
    return {
      metadata: { labels: { [RUN_LABEL]: run }, annotations: { [RECLAIM_POLICY_ANNOTATION]: policy } },
      spec: {
        persistentVolumeReclaimPolicy: "Retain",
        claimRef: { apiVersion: "v1", kind: CLAIMS.kind, namespace: to.namespace, name: to.name, uid: to.uid, resourceVersion: null },
      },
    };
  });
}

/** The last step, also of what a killed run has left: nothing but its policy tells a volume that was handed over from others. */
async function giveBackPolicy(api: KubeApi, name: string, signal: AbortSignal): Promise<void> {
  await changeVolume(api, name, signal, (volume) => {
    const policy = annotationIn(volume, RECLAIM_POLICY_ANNOTATION);
    if (policy === undefined) return undefined;
    return {
      metadata: { labels: { [RUN_LABEL]: null }, annotations: { [RECLAIM_POLICY_ANNOTATION]: null } },
      spec: { persistentVolumeReclaimPolicy: policy },
    };
  });
}

async function assertBound(api: KubeApi, volume: string, target: HandOverTarget, signal: AbortSignal): Promise<void> {
  const { namespace, name, uid } = target;
  await until(
    api,
    CLAIMS,
    { namespace, name },
    {
      timeoutMs: BIND_MS,
      signal,
      look(found) {
        if (found === undefined || uidOf(found) !== uid) {
          const message = `Cannot bind claim "${name}" in namespace "${namespace}": it was deleted while its volume was filled`;
          throw new DomainError("conflict", "claim_gone", message, { hint: "Restore again" });
        }
        const bound = boundVolumeOf(found);
        if (bound === undefined || bound === volume) return bound;
        const message = `Cannot bind claim "${name}" in namespace "${namespace}": somebody gave it volume "${bound}" meanwhile`;
        throw new DomainError("conflict", "claim_taken", message, {
          hint: "Delete the claim if that volume is not wanted, and restore again",
        });
      },
      late: () => {
        const message = `Cannot bind claim "${name}" in namespace "${namespace}": it is not bound to its volume after ${BIND_MS / 1000} s`;
        throw new DomainError("unavailable", "claim_not_bound", message, { hint: "Look at its events, then restore again" });
      },
    },
  );
  const found = await getObject(api, VOLUMES, { name: volume }, { signal });
  if (isVolumeOf(found, target)) return;
  throw new DomainError("conflict", "volume_taken", `Cannot bind claim "${name}": its new volume "${volume}" belongs to another claim`);
}

/** Only as it was seen, so that nobody's change is lost. */
export async function changeVolume(
  api: KubeApi,
  name: string,
  signal: AbortSignal,
  change: (volume: JsonObject) => Readonly<Record<"metadata" | "spec", Readonly<Record<string, JsonValue>>>> | undefined,
): Promise<void> {
  const mayPass = (error: unknown): boolean => isRetryable(error) || (error instanceof DomainError && error.code === "kube_conflict");
  const attempt = async (): Promise<void> => {
    const volume = await getObject(api, VOLUMES, { name }, { signal });
    const changes = change(volume);
    if (changes === undefined) return;
    const metadata = { ...changes.metadata, resourceVersion: resourceVersionOf(volume) };
    await patchObject(
      api,
      VOLUMES,
      { name },
      { type: "merge", changes: { ...changes, metadata } },
      { fieldManager: FIELD_MANAGER, signal },
    );
  };
  await retry(attempt, { ...RETRIES, clock: api.clock, random: api.random, signal, isRetryable: mayPass });
}

function onlyIfOurs(error: unknown): undefined {
  // Somebody deleted it, and may have made another of that name.
  if (error instanceof DomainError && error.code === "kube_conflict") return undefined;
  onlyIfThere(error);
  return undefined;
}
