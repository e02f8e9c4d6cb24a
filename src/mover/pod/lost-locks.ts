/**
 * Locks of movers that were killed, which would keep a prune waiting for half an hour. Should one live on, cut off from the cluster, it stops: that is what
 * a lock that is gone means to its holder.
 */
import type { Clock } from "../../base/clock.ts";
import { asDomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import { ownIdentity } from "../../repository/lock-process.ts";
import { unlock } from "../../repository/lock-removal.ts";
import type { Repository } from "../../repository/repository.ts";

export interface LostLocksParts {
  readonly clock: Clock;
  readonly report: FindingSink;
  readonly signal: AbortSignal;
}

/** @param pods by their names, which are their host names */
export async function removeLocksOf(
  { files }: Repository,
  pods: readonly string[],
  { clock, report, signal }: LostLocksParts,
): Promise<void> {
  const isGone = async ({ hostname }: { readonly hostname: string }): Promise<boolean> => Promise.resolve(pods.includes(hostname));
  try {
    await unlock(files, { all: false, clock, identity: await ownIdentity(), signal, isGone });
  } catch (error) {
    signal.throwIfAborted();
    const message = `Cannot remove the lock of a mover that was killed: ${asDomainError(error).message}; it counts for 30 minutes`;
    report({ grade: "info", code: "lost_lock_stays", object: "locks", message });
  }
}
