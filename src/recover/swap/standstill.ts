/** Nothing runs on the claims: workloads are told to have no pods, and it is waited until those are gone and their volumes detached. */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import { isJsonObject, type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
import { getObject } from "../../kube/objects.ts";
import { managedFieldsOf } from "../field-manager.ts";
import { fieldsAt } from "../owned-fields.ts";
import { onlyIfThere } from "../plan/live-objects.ts";
import { claimsOfPod, hasEnded, PODS } from "./claim-pods.ts";
import { setField, valueAt } from "./set-field.ts";
import type { ClaimName, SetField } from "./steps.ts";
import { nameIn } from "./workloads.ts";

export interface Standstill {
  readonly stops: readonly SetField[];
  readonly claims: readonly ClaimName[];
  /** Their volumes. */
  readonly volumes: readonly string[];
}

export interface StopOptions {
  /** What to do when somebody starts pods again: give up, or stop them again. */
  readonly onScaledBack: "hold" | "refuse";
  readonly timeoutMs: number;
  readonly report: FindingSink;
  readonly signal: AbortSignal;
}

const FIRST_MS = 50;
const LONGEST_MS = 300;
const AT_ONCE = 8;
const ATTACHMENTS = { group: "storage.k8s.io", version: "v1", plural: "volumeattachments", kind: "VolumeAttachment" } as const;

/**
 * @throws {DomainError} conflict/swap_scaled_back: somebody else starts pods
 * @throws {DomainError} unavailable/swap_not_stopped: pods do not end
 */
export async function standStill(api: KubeApi, standstill: Standstill, options: StopOptions): Promise<void> {
  const { stops, volumes } = standstill;
  const { timeoutMs, signal } = options;
  const untilMs = api.clock.monotonicMs() + timeoutMs;
  await stopAll(api, stops, signal);
  for (let delayMs = FIRST_MS; ; delayMs = Math.min(LONGEST_MS, delayMs * 1.3)) {
    await holdDown(api, stops, options);
    const pods = await podsOn(api, standstill.claims, signal);
    const attached = pods.length > 0 ? [] : await attachmentsOf(api, volumes, signal);
    if (pods.length + attached.length === 0) return;
    if (api.clock.monotonicMs() >= untilMs) throw notStopped(pods, attached, timeoutMs);
    await api.clock.sleep(delayMs, signal);
  }
}

async function stopAll(api: KubeApi, stops: readonly SetField[], signal: AbortSignal): Promise<void> {
  await forEachConcurrent(stops, { limit: AT_ONCE, signal }, (stop, either) => setField(api, stop, either));
}

/** Looks whether all is stopped still. */
export async function holdDown(api: KubeApi, stops: readonly SetField[], options: Omit<StopOptions, "timeoutMs">): Promise<void> {
  const { onScaledBack, report, signal } = options;
  await forEachConcurrent(stops, { limit: AT_ONCE, signal }, async (stop, either) => {
    const { resource, namespace, name, path, value } = stop;
    const live = await getObject(api, resource, { namespace, name }, { signal: either }).catch(onlyIfThere);
    if (live === undefined || valueAt(live, path) === value) return;
    const object = `${resource.kind} "${name}" in namespace "${namespace}"`;
    const who = writerOf(live, path);
    if (onScaledBack === "refuse") {
      throw new DomainError("conflict", "swap_scaled_back", `Cannot stop ${object}: ${who} started it again`, {
        hint: `Pause what holds it to its number of pods, and restore again`,
      });
    }
    report({ grade: "info", code: "scaled_back", object, message: `Stopped once more: ${who} started it again` });
    await setField(api, stop, either);
  });
}

/** Pods that run on these claims, or may yet. */
export async function podsOn(api: KubeApi, claims: readonly ClaimName[], signal: AbortSignal): Promise<readonly JsonObject[]> {
  const pods: JsonObject[] = [];
  for (const [namespace, ofNamespace] of Map.groupBy(claims, (claim) => claim.namespace)) {
    const names = new Set(ofNamespace.map(({ name }) => name));
    for await (const { items } of listPages(api, PODS, { namespace, signal })) {
      pods.push(...items.filter((pod) => !hasEnded(pod) && claimsOfPod(pod).some((name) => names.has(name))));
    }
  }
  return pods;
}

async function attachmentsOf(api: KubeApi, volumes: readonly string[], signal: AbortSignal): Promise<readonly JsonObject[]> {
  const found: JsonObject[] = [];
  for await (const { items } of listPages(api, ATTACHMENTS, { signal })) {
    found.push(...items.filter((one) => volumes.includes(textIn(objectIn(objectIn(one, "spec"), "source"), "persistentVolumeName") ?? "")));
  }
  return found;
}

function writerOf(live: JsonObject, path: readonly string[]): string {
  const entry = managedFieldsOf(live).find((one) => isJsonObject(one) && fieldsAt(objectIn(one, "fieldsV1"), path) !== undefined);
  const manager = textIn(entry, "manager");
  return manager === undefined ? "somebody" : `"${manager}"`;
}

function notStopped(pods: readonly JsonObject[], attached: readonly JsonObject[], timeoutMs: number): DomainError {
  const names = [...pods.map((pod) => `pod "${nameIn(pod)}"`), ...attached.map((one) => `attachment "${nameIn(one)}"`)];
  const state = `${names.slice(0, 5).join(", ")} ${names.length === 1 ? "is" : "are"} still there after ${Math.round(timeoutMs / 1000)} s`;
  return new DomainError("unavailable", "swap_not_stopped", `Cannot exchange the volumes: ${state}`, {
    hint: "Look at why it does not end; Holdfast forces nothing",
  });
}
