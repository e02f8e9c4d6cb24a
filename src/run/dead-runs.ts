/** Which runs are dead: their Leases were not renewed for longer than clocks and networks can explain, or their processes are seen to be gone. */
import { DomainError } from "../base/errors.ts";
import { type JsonObject, objectIn, textIn } from "../kube/json.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { listPages } from "../kube/list.ts";
import { deleteObject, patchObject } from "../kube/objects.ts";
import { parseTimestamp } from "../repository/format/timestamp.ts";
import { isProcessGone } from "../repository/lock-process.ts";
import { LEASES } from "./kinds.ts";
import { DEAD_MARGIN_MS } from "./lease.ts";
import { FIELD_MANAGER, PROCESS_ANNOTATION, RUN_LABEL } from "./marks.ts";

export interface SeenLease {
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  /** In small letters. */
  readonly run: string;
  readonly isDead: boolean;
}

const DEFAULT_DURATION_SECONDS = 60;
const COLLECTOR = "holdfast-gc";

/**
 * The Leases of all runs, or of those in one namespace.
 *
 * @param nowMs by the server's clock
 */
export async function listLeases(
  api: KubeApi,
  { namespace, nowMs, signal }: { readonly namespace: string | undefined; readonly nowMs: number; readonly signal: AbortSignal },
): Promise<readonly SeenLease[]> {
  const leases: SeenLease[] = [];
  for await (const { items } of listPages(api, LEASES, { namespace, labelSelector: RUN_LABEL, signal })) {
    leases.push(...(await Promise.all(items.map((lease) => readLease(lease, nowMs)))));
  }
  return leases;
}

export async function readLease(lease: JsonObject, nowMs: number): Promise<SeenLease> {
  const [metadata, spec] = [objectIn(lease, "metadata"), objectIn(lease, "spec")];
  const seconds = spec["leaseDurationSeconds"];
  const durationMs = (typeof seconds === "number" ? seconds : DEFAULT_DURATION_SECONDS) * 1_000;
  // A Lease that says no time is as old as it is.
  const time = textIn(spec, "renewTime") ?? textIn(metadata, "creationTimestamp") ?? "";
  const renewedMs = parseTimestamp(time)?.epochMs;
  const isLate = renewedMs !== undefined && nowMs - renewedMs > durationMs + DEAD_MARGIN_MS;
  return {
    namespace: textIn(metadata, "namespace") ?? "",
    name: textIn(metadata, "name") ?? "",
    resourceVersion: textIn(metadata, "resourceVersion") ?? "",
    run: textIn(objectIn(metadata, "labels"), RUN_LABEL) ?? "",
    isDead: isLate || (await isKilled(textIn(objectIn(metadata, "annotations"), PROCESS_ANNOTATION))),
  };
}

/** It was on this machine, and is not there any more. @param mark As processMark() gives it */
async function isKilled(mark: string | undefined): Promise<boolean> {
  return mark !== undefined && isProcessGone({ process: mark, pid: Number(mark.split("/").at(-2)) });
}

/** Takes the Lease, so that its run stops should it wake up after all. False: it was renewed, or somebody else has taken it. */
export async function takeLease(api: KubeApi, { namespace, name, resourceVersion }: SeenLease, signal: AbortSignal): Promise<boolean> {
  const changes = { metadata: { resourceVersion }, spec: { holderIdentity: COLLECTOR } };
  try {
    await patchObject(api, LEASES, { namespace, name }, { type: "merge", changes }, { fieldManager: FIELD_MANAGER, signal });
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

/** What it owns goes with it. */
export async function removeLease(api: KubeApi, { namespace, name }: SeenLease, signal: AbortSignal): Promise<void> {
  try {
    await deleteObject(api, LEASES, { namespace, name }, { propagation: "Background", signal });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof DomainError && (error.code === "kube_conflict" || error.code === "kube_not_found");
}
