/** Waits until workloads that were stopped have their pods again, and those are ready. */
import type { KubeApi } from "../../kube/kube-api.ts";
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import { getObject } from "../../kube/objects.ts";
import { onlyIfThere } from "../plan/live-objects.ts";
import { podsOn } from "./standstill.ts";
import type { ClaimName, SetField } from "./steps.ts";
import { nameIn } from "./workloads.ts";

const FIRST_MS = 50;
const LONGEST_MS = 300;

export interface Serving {
  /** What had stopped them. */
  readonly stops: readonly SetField[];
  /** That they run on. */
  readonly claims: readonly ClaimName[];
}

/** @returns what was not ready in time, as `StatefulSet "db": 0 of 1 ready` */
export async function untilServing(
  api: KubeApi,
  { stops, claims }: Serving,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const untilMs = api.clock.monotonicMs() + timeoutMs;
  for (let delayMs = FIRST_MS; ; delayMs = Math.min(LONGEST_MS, delayMs * 1.3)) {
    const missing: string[] = [];
    for (const { resource, namespace, name, path } of stops) {
      if (path.at(-1) !== "replicas") continue;
      const live = await getObject(api, resource, { namespace, name }, { signal }).catch(onlyIfThere);
      const why = live === undefined ? undefined : missingIn(live);
      if (why !== undefined) missing.push(`${resource.kind} "${name}": ${why}`);
    }
    // Pods that were told to end count as ready for as long as they do.
    if (missing.length === 0) missing.push(...(await endingPods(api, claims, signal)));
    if (missing.length === 0 || api.clock.monotonicMs() >= untilMs) return missing;
    await api.clock.sleep(delayMs, signal);
  }
}

async function endingPods(api: KubeApi, claims: readonly ClaimName[], signal: AbortSignal): Promise<readonly string[]> {
  const pods = await podsOn(api, claims, signal);
  const ending = pods.filter((pod) => textIn(objectIn(pod, "metadata"), "deletionTimestamp") !== undefined);
  return ending.map((pod) => `Pod "${nameIn(pod)}": still ends`);
}

/** undefined: nothing. */
export function missingIn(workload: JsonObject): string | undefined {
  const status = objectIn(workload, "status");
  const count = (object: JsonObject, name: string, absent: number): number => {
    const value = object[name];
    return typeof value === "number" ? value : absent;
  };
  const generation = count(objectIn(workload, "metadata"), "generation", 0);
  if (count(status, "observedGeneration", 0) < generation) return "its controller has not seen it";
  const wanted = count(objectIn(workload, "spec"), "replicas", 1);
  const ready = count(status, "readyReplicas", 0);
  return ready >= wanted ? undefined : `${ready} of ${wanted} ready`;
}
