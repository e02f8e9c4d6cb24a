/** Looks at an object again and again until it is as wanted: often at first, as most of what is waited for takes a moment. */
import type { JsonObject } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { getObject, type ObjectPlace } from "../../kube/objects.ts";
import type { ResourcePath } from "../../kube/resource-type.ts";
import { onlyIfThere } from "../plan/live-objects.ts";

export interface Until<T> {
  /** undefined: not yet. It is told what is there, or that there is nothing. */
  readonly look: (found: JsonObject | undefined) => T | undefined | Promise<T | undefined>;
  /** What it is when it took too long; most throw. */
  readonly late: () => T | Promise<T>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const FIRST_MS = 50;
const LONGEST_MS = 1_000;

export async function until<T>(api: KubeApi, resource: ResourcePath, place: ObjectPlace, wanted: Until<T>): Promise<T> {
  const { look, late, timeoutMs, signal } = wanted;
  const untilMs = api.clock.monotonicMs() + timeoutMs;
  for (let delayMs = FIRST_MS; ; delayMs = Math.min(LONGEST_MS, delayMs * 1.5)) {
    const seen = await look(await getObject(api, resource, place, { signal }).catch(onlyIfThere));
    if (seen !== undefined) return seen;
    if (api.clock.monotonicMs() >= untilMs) return late();
    await api.clock.sleep(delayMs, signal);
  }
}
