/** Waits until the cluster serves what restored definitions define. */
import { DomainError } from "../../base/errors.ts";
import { discover } from "../../kube/discovery.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import { apiVersionOf, nameOf, type ResourceType } from "../../kube/resource-type.ts";

const INTERVAL_MS = 200;
const TIMEOUT_MS = 60_000;

/** @returns what is served then @throws {DomainError} unavailable/not_established */
export async function waitUntilServed(api: KubeApi, resources: readonly ResourceType[], signal: AbortSignal): Promise<ResourceTable> {
  const untilMs = api.clock.monotonicMs() + TIMEOUT_MS;
  while (true) {
    const table = await discover(api, signal);
    const missing = resources.filter((resource) => table.ofObject(apiVersionOf(resource), resource.kind) === undefined);
    if (missing.length === 0) return table;
    if (api.clock.monotonicMs() >= untilMs) {
      const names = missing.map((resource) => `"${nameOf(resource)}"`).join(", ");
      const message = `Cannot restore objects of ${names}: the cluster does not serve them ${TIMEOUT_MS / 1000} s after their definition was restored`;
      throw new DomainError("unavailable", "not_established", message, { hint: "Look at the conditions of the CustomResourceDefinition" });
    }
    await api.clock.sleep(INTERVAL_MS, signal);
  }
}
