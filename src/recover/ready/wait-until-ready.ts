/** Waits, not for ever, until what was restored is ready. */
import type { Finding } from "../../base/finding.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
import { describeId, idOfObject, keyOf, type ObjectId, shortId } from "../../kube/object-id.ts";
import type { ResourcePath } from "../../kube/resource-type.ts";
import { FirstConsumers } from "./first-consumers.ts";
import { readinessOf } from "./readiness.ts";

export interface Awaited {
  readonly id: ObjectId;
  readonly resource: ResourcePath;
}

export interface ReadyRequest {
  readonly api: KubeApi;
  readonly objects: readonly Awaited[];
  readonly timeoutMs: number;
  readonly progress?: ProgressSink | undefined;
  readonly signal: AbortSignal;
}

const INTERVAL_MS = 1_000;

/** A finding for each that was not ready in time. */
export async function waitUntilReady({ api, objects, timeoutMs, progress, signal }: ReadyRequest): Promise<readonly Finding[]> {
  const awaited = objects.filter(({ id }) => readinessOf(id) !== undefined);
  const missing = new Map(awaited.map((object) => [keyOf(object.id), "it is not there"]));
  const untilMs = api.clock.monotonicMs() + timeoutMs;
  while (missing.size > 0) {
    await look(api, awaited, missing, signal);
    const doneItems = awaited.length - missing.size;
    progress?.({ stage: "Waiting for ready", doneBytes: 0, doneItems, totalItems: awaited.length, current: currentOf(awaited, missing) });
    if (missing.size === 0 || api.clock.monotonicMs() >= untilMs) break;
    await api.clock.sleep(INTERVAL_MS, signal);
  }
  return awaited.flatMap(({ id }) => {
    const why = missing.get(keyOf(id));
    return why === undefined ? [] : [notReady(id, why)];
  });
}

function currentOf(awaited: readonly Awaited[], missing: ReadonlyMap<string, string>): string | undefined {
  const first = awaited.find(({ id }) => missing.has(keyOf(id)));
  return first === undefined ? undefined : shortId(first.id);
}

/** Takes out what is ready: a list for each resource and namespace. */
async function look(api: KubeApi, awaited: readonly Awaited[], missing: Map<string, string>, signal: AbortSignal): Promise<void> {
  const open = awaited.filter(({ id }) => missing.has(keyOf(id)));
  const consumers = new FirstConsumers(api, signal);
  for (const places of Map.groupBy(open, ({ id }) => `${id.group} ${id.kind} ${id.namespace ?? ""}`).values()) {
    const [first] = places;
    if (first === undefined) continue;
    const { id, resource } = first;
    const isMissing = new Set(missing.keys());
    for await (const { items } of listPages(api, { ...resource, kind: id.kind }, { namespace: id.namespace, signal })) {
      for (const object of items) {
        const key = keyOf(idOfObject(object));
        if (!isMissing.has(key)) continue;
        const why = readinessOf(id)?.(object);
        if (why === undefined || (await consumers.isWaitedFor(object))) missing.delete(key);
        else missing.set(key, why);
      }
    }
  }
}

function notReady(id: ObjectId, why: string): Finding {
  return { grade: "partial", code: "not_ready", object: describeId(id), message: `Not ready in time: ${why}` };
}
