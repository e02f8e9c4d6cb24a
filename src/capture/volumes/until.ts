/** Waits until objects are as they should be: told of each change by the server, never by asking again. */
import { Deadline } from "../../base/deadline.ts";
import type { JsonObject } from "../../kube/json.ts";
import { objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { watch, type WatchedResource } from "../../kube/watch.ts";

export interface UntilOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly timeoutMs: number;
  readonly onTimeout: () => Error;
  readonly signal: AbortSignal;
}

/**
 * @param judge Asked of all that there is, by name, after each change: undefined goes on
 * @throws what `judge` throws, what `onTimeout` gives, and as watch() does
 */
export async function until<T extends object>(
  api: KubeApi,
  resource: WatchedResource,
  options: UntilOptions,
  judge: (objects: ReadonlyMap<string, JsonObject>) => T | undefined,
): Promise<T> {
  const { namespace, labelSelector, fieldSelector, timeoutMs, onTimeout } = options;
  using deadline = new Deadline(api.clock, timeoutMs);
  const signal = AbortSignal.any([options.signal, deadline.signal]);
  const objects = new Map<string, JsonObject>();
  // Before the list is whole, what is missing is not yet known to be.
  let isWhole = false;
  try {
    for await (const event of watch(api, resource, { namespace, labelSelector, fieldSelector, signal })) {
      if (event.type === "resync") {
        objects.clear();
        isWhole = false;
      } else if (event.type === "bookmark") isWhole = true;
      else if (event.type === "deleted") objects.delete(nameIn(event.object));
      else objects.set(nameIn(event.object), event.object);
      const found = isWhole ? judge(objects) : undefined;
      if (found !== undefined) return found;
    }
  } catch (error) {
    options.signal.throwIfAborted();
    if (deadline.signal.aborted) throw onTimeout();
    throw error;
  }
  throw onTimeout();
}

function nameIn(object: JsonObject): string {
  return textIn(objectIn(object, "metadata"), "name") ?? "";
}
