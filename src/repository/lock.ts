/**
 * Locks as restic has them: a file for each holder in `locks/`. Many may hold a shared lock at a time, or one an exclusive lock.
 * A holder writes its file first and looks at those of others then, so that of two who come together at least one sees the other.
 *
 * A lock of a holder that is certainly dead, or older than 30 minutes, does not count. If it stands in the way it is removed, not
 * passed over: a restic that was suspended goes on if it finds its own lock, and stops only if that is gone.
 */
import type { Clock } from "../base/clock.ts";
import type { FindingSink } from "../base/finding.ts";
import type { HexId } from "../base/ids.ts";
import { conflicts, isStale, type ListedLock, type LockFiles, LockList } from "./lock-list.ts";
import { lockLost, lockedError } from "./lock-errors.ts";
import { KeptLock, lockBody, momentOf, type RepositoryLock } from "./lock-keeper.ts";
import { isProcessGone, type LockIdentity } from "./lock-process.ts";

export type { RepositoryLock };

export interface AcquireLockOptions {
  readonly exclusive: boolean;
  readonly clock: Clock;
  readonly identity: LockIdentity;
  /** How long to wait for others. @default 0 */
  readonly retryLockMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called before each wait. */
  readonly onWait?: ((wait: LockWait) => void) | undefined;
  /** Gets what does not stop the work: a lock file that could not be removed. */
  readonly report?: FindingSink | undefined;
  /** Whether a holder is certainly dead. @default by the process on this machine */
  readonly isGone?: HolderCheck | undefined;
}

export type HolderCheck = (holder: NonNullable<ListedLock["holder"]>) => Promise<boolean>;

export interface LockWait {
  readonly holders: readonly ListedLock[];
  /** Until acquireLock() gives up. */
  readonly leftMs: number;
}

/** restic's figures. */
const SETTLE_MS = 200;
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 60_000;

/**
 * @throws {DomainError} locked/repository_locked: others hold it; message and details say who
 * @throws {DomainError} locked/too_many_locks
 */
export async function acquireLock(files: LockFiles, options: AcquireLockOptions): Promise<RepositoryLock> {
  const { clock, signal, retryLockMs = 0 } = options;
  const attempts = new LockAttempts(files, options);
  const startMs = clock.monotonicMs();
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    const result = await attempts.next();
    if (result instanceof KeptLock) return result;
    const leftMs = retryLockMs - (clock.monotonicMs() - startMs);
    if (leftMs <= 0) throw lockedError(result.holders, clock.now());
    options.onWait?.({ holders: result.holders, leftMs });
    await clock.sleep(Math.min(waitMs, leftMs), signal);
  }
}

class LockAttempts {
  readonly #files: LockFiles;
  readonly #options: AcquireLockOptions;
  readonly #locks: LockList;
  /** What we removed does not come back; if it does, a list is late, and it counts. */
  readonly #removed = new Set<HexId>();
  /** Of the store's clock against ours; known once it has dated a file of ours. */
  #offsetMs = 0;

  constructor(files: LockFiles, options: AcquireLockOptions) {
    this.#files = files;
    this.#options = options;
    this.#locks = new LockList(files);
  }

  async next(): Promise<KeptLock | { readonly holders: readonly ListedLock[] }> {
    const { clock, exclusive, identity, signal } = this.#options;
    // Who waits must not stand in the way of others each time: it looks before it writes.
    const seen = await this.#locks.look(undefined, signal);
    const before = await this.#inTheWay(seen.others, clock.now() + this.#offsetMs);
    if (before.alive.length > 0) return { holders: before.alive };
    const writtenAt = momentOf(clock);
    const file = this.#files.seal(lockBody(identity, exclusive, writtenAt.wallMs));
    const { id } = file;
    const lock = new KeptLock(this.#files, { ...this.#options, id, writtenAt });
    let isOurs = false;
    try {
      // Whoever is cut off here may have written it all the same.
      await this.#files.put("locks", file, { signal });
      await clock.sleep(SETTLE_MS, signal);
      const holders = await this.#clear(id);
      if (holders.length > 0) return { holders };
      isOurs = true;
      return lock;
    } finally {
      if (!isOurs) await lock[Symbol.asyncDispose]();
    }
  }

  /** Removes the dead that are in the way, and gives the living. */
  async #clear(own: HexId): Promise<readonly ListedLock[]> {
    const { clock, signal } = this.#options;
    for (;;) {
      const seen = await this.#locks.look(own, signal);
      if (seen.own === undefined) throw lockLost("somebody removed it");
      this.#offsetMs = seen.own.modifiedMs - clock.now();
      const { alive, dead } = await this.#inTheWay(seen.others, seen.own.modifiedMs);
      if (alive.length > 0 || dead.length === 0) return alive;
      for (const { id } of dead) {
        await this.#files.remove("locks", id, { signal });
        this.#removed.add(id);
      }
      // Once more: one that refreshed itself meanwhile saw its old file, and holds a new one.
    }
  }

  async #inTheWay(others: readonly ListedLock[], nowMs: number): Promise<InTheWay> {
    const { exclusive, isGone = isProcessGone } = this.#options;
    const alive: ListedLock[] = [];
    const dead: ListedLock[] = [];
    for (const lock of others.filter((other) => conflicts(other, exclusive))) {
      const isDead = isStale(lock, nowMs) || (lock.holder !== undefined && (await isGone(lock.holder)));
      (isDead && !this.#removed.has(lock.id) ? dead : alive).push(lock);
    }
    return { alive, dead };
  }
}

interface InTheWay {
  readonly alive: readonly ListedLock[];
  readonly dead: readonly ListedLock[];
}
