/** Whether a run that has a record but no end still works, and how one that does not is kept from waking up. */
import type { KubeApi } from "../kube/kube-api.ts";
import { getObject } from "../kube/objects.ts";
import { DomainError } from "../base/errors.ts";
import { readLease, removeLease, type SeenLease, takeLease } from "./dead-runs.ts";
import { LEASES } from "./kinds.ts";
import { leaseName, serverOffset } from "./lease.ts";
import type { RecordedHeader } from "./records.ts";

/**
 * Ends what is left of a run that was killed: who goes on with it has it alone then.
 *
 * @throws {DomainError} conflict/run_alive
 */
export async function takeOver(api: KubeApi, header: RecordedHeader, signal: AbortSignal): Promise<void> {
  const { id, namespace, host } = header;
  const lease = await leaseOf(api, header, signal);
  if (lease === undefined) return;
  if (lease.isDead && (await takeLease(api, lease, signal))) return removeLease(api, lease, signal);
  throw new DomainError("conflict", "run_alive", `Cannot go on with run ${id}: it still works, on "${host}"`, {
    hint: `Wait until it has ended. If it was killed just now, it counts as dead three minutes later, or once Lease "${lease.name}" in namespace "${namespace}" is deleted`,
  });
}

/** Only looks. */
export async function isAlive(api: KubeApi, header: RecordedHeader, signal: AbortSignal): Promise<boolean> {
  const lease = await leaseOf(api, header, signal);
  return lease !== undefined && !lease.isDead;
}

async function leaseOf(api: KubeApi, { id, namespace }: RecordedHeader, signal: AbortSignal): Promise<SeenLease | undefined> {
  try {
    const found = await getObject(api, LEASES, { namespace, name: leaseName(id) }, { signal });
    const offsetMs = await serverOffset(api, namespace, api.clock, signal);
    return await readLease(found, api.clock.now() + offsetMs);
  } catch (error) {
    if (error instanceof DomainError && error.code === "kube_not_found") return undefined;
    throw error;
  }
}
