/** Waits until an object that was deleted is gone: finalizers may hold it. */
import { DomainError } from "../../base/errors.ts";
import { objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { getObject, type ObjectPlace } from "../../kube/objects.ts";
import { describe, type ResourcePath } from "../../kube/resource-type.ts";
import { onlyIfThere } from "../plan/live-objects.ts";

const INTERVAL_MS = 200;
const TIMEOUT_MS = 60_000;

/** @throws {DomainError} conflict/restore_not_gone */
export async function waitUntilGone(
  api: KubeApi,
  resource: ResourcePath,
  place: ObjectPlace,
  uid: string,
  signal: AbortSignal,
): Promise<void> {
  const untilMs = api.clock.monotonicMs() + TIMEOUT_MS;
  while (true) {
    const found = await getObject(api, resource, place, { signal }).catch(onlyIfThere);
    if (found === undefined || textIn(objectIn(found, "metadata"), "uid") !== uid) return;
    if (api.clock.monotonicMs() >= untilMs) {
      const message = `Cannot replace ${describe(resource, place)}: it was deleted, and is not gone after ${TIMEOUT_MS / 1000} s`;
      throw new DomainError("conflict", "restore_not_gone", message, { hint: "Look at its finalizers; once it is gone, restore again" });
    }
    await api.clock.sleep(INTERVAL_MS, signal);
  }
}
