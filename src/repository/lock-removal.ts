/** Removing locks that are left over, because a person asks for it. */
import type { Clock } from "../base/clock.ts";
import { isStale, type ListedLock, type LockFiles, LockList } from "./lock-list.ts";
import { lockBody } from "./lock-keeper.ts";
import { isProcessGone, type LockIdentity, looksGone } from "./lock-process.ts";
import type { HolderCheck } from "./lock.ts";

export interface UnlockOptions {
  /** Also those whose holders may be alive: a holder that is stops its work. */
  readonly all: boolean;
  readonly clock: Clock;
  readonly identity: LockIdentity;
  readonly signal?: AbortSignal | undefined;
  /** Whether a holder is certainly dead. @default by the process on this machine */
  readonly isGone?: HolderCheck | undefined;
}

export interface Unlocked {
  readonly removed: readonly ListedLock[];
  readonly kept: readonly ListedLock[];
}

/** Removes the locks that are older than 30 minutes by the store's clock, and those of dead processes of this machine. */
export async function unlock(files: LockFiles, options: UnlockOptions): Promise<Unlocked> {
  const { all, clock, identity, signal, isGone = isProcessGone } = options;
  // The store dates a file of ours: that is the clock by which the others are old.
  const ownId = await files.save("locks", lockBody(identity, false, clock.now()), { signal });
  try {
    const { own, others, empty } = await new LockList(files, Infinity).look(ownId, signal);
    const nowMs = own?.modifiedMs ?? -Infinity;
    const removed: ListedLock[] = [];
    const kept: ListedLock[] = [];
    for (const lock of [...others, ...empty.map(({ id, modifiedMs }) => ({ id, modifiedMs, holder: undefined }))]) {
      const { holder } = lock;
      const isDead = holder !== undefined && (looksGone(holder, identity) || (await isGone(holder)));
      const goes = all || isDead || isStale(lock, nowMs);
      if (goes) await files.remove("locks", lock.id, { signal });
      (goes ? removed : kept).push(lock);
    }
    return { removed, kept };
  } finally {
    await files.remove("locks", ownId);
  }
}
