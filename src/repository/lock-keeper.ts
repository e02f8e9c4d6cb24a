/** Keeps a lock that is held: refreshes it, and says when it does not protect any more. */
import type { Clock } from "../base/clock.ts";
import { Deadline } from "../base/deadline.ts";
import { asDomainError } from "../base/errors.ts";
import type { FindingSink } from "../base/finding.ts";
import type { HexId } from "../base/ids.ts";
import { serializeLockFile } from "./format/lock-file.ts";
import { timestampAt } from "./format/timestamp.ts";
import { lockLost } from "./lock-errors.ts";
import type { LockFiles } from "./lock-list.ts";
import type { LockIdentity } from "./lock-process.ts";

/** Held, and refreshed, until it is disposed; that removes its file, and does not throw. */
export interface RepositoryLock extends AsyncDisposable {
  readonly exclusive: boolean;
  /** To work under: aborts as the caller's does, and with unavailable/lock_lost when the lock does not protect any more. */
  readonly signal: AbortSignal;
  /**
   * Asked right before a write that must not happen without the lock: a machine that was suspended knows by it at once.
   *
   * @throws {DomainError} unavailable/lock_lost
   */
  readonly throwIfLost: () => void;
}

export interface KeptLockOptions {
  readonly id: HexId;
  /** Taken before its file was written. */
  readonly writtenAt: Moment;
  readonly exclusive: boolean;
  readonly clock: Clock;
  readonly identity: LockIdentity;
  readonly signal?: AbortSignal | undefined;
  readonly report?: FindingSink | undefined;
}

export interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** restic's. */
const REFRESH_MS = 5 * 60_000;
/** Until a refresh that failed is tried again. */
const REFRESH_AGAIN_MS = 30_000;
/** Others take it for stale after 30 minutes: a margin for work under way, and for clocks that run at different rates. */
const LOST_AFTER_MS = 20 * 60_000;
const WATCH_MS = 1_000;
/** For removing the file; a cancelled command ends no later than this. */
const REMOVE_MS = 60_000;

export class KeptLock implements RepositoryLock {
  readonly exclusive: boolean;
  readonly signal: AbortSignal;
  readonly #files: LockFiles;
  readonly #options: KeptLockOptions;
  readonly #lost = new AbortController();
  readonly #ended = new AbortController();
  readonly #loops: Promise<unknown>;
  #id: HexId;
  /** Written by us too, and not removed yet. */
  readonly #old = new Set<HexId>();
  #refreshedAt: Moment;
  #lastFailure: unknown;

  constructor(files: LockFiles, options: KeptLockOptions) {
    this.#files = files;
    this.#options = options;
    this.#id = options.id;
    this.#refreshedAt = options.writtenAt;
    this.exclusive = options.exclusive;
    this.signal = options.signal === undefined ? this.#lost.signal : AbortSignal.any([options.signal, this.#lost.signal]);
    const until = AbortSignal.any([this.#lost.signal, this.#ended.signal]);
    this.#loops = Promise.allSettled([this.#watch(until), this.#keepFresh(until)]);
  }

  throwIfLost(): void {
    if (this.#isOverdue()) this.#lose(OVERDUE);
    this.#lost.signal.throwIfAborted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#loops;
    using deadline = new Deadline(this.#options.clock, REMOVE_MS);
    for (const id of [...this.#old, this.#id]) await this.#remove(id, deadline.signal);
  }

  /** A refresh that hangs must not keep it from seeing that time is up. */
  async #watch(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      await this.#options.clock.sleep(WATCH_MS, until);
      if (this.#isOverdue()) this.#lose(OVERDUE);
    }
  }

  async #keepFresh(until: AbortSignal): Promise<void> {
    for (let waitMs = REFRESH_MS; ;) {
      await this.#options.clock.sleep(waitMs, until);
      try {
        await this.#refresh(until);
        waitMs = REFRESH_MS;
      } catch (error) {
        until.throwIfAborted();
        this.#lastFailure = error;
        waitMs = REFRESH_AGAIN_MS;
      }
    }
  }

  /**
   * Writes the new file and looks for the old one then: if it is still there, at no moment was there none of ours for others to see.
   */
  async #refresh(until: AbortSignal): Promise<void> {
    const { clock, identity, exclusive } = this.#options;
    if (this.#isOverdue()) this.#lose(OVERDUE);
    const writtenAt = momentOf(clock);
    const body = lockBody(identity, exclusive, writtenAt.wallMs);
    const fresh = await this.#files.save("locks", body, { signal: until });
    const old = this.#id;
    this.#old.add(fresh);
    if (!(await this.#isListed(old, until))) this.#lose("somebody removed it");
    until.throwIfAborted();
    this.#old.delete(fresh);
    this.#id = fresh;
    this.#old.add(old);
    this.#refreshedAt = writtenAt;
    for (const id of this.#old) {
      await this.#files.remove("locks", id, { signal: until });
      this.#old.delete(id);
    }
  }

  async #isListed(wanted: HexId, signal: AbortSignal): Promise<boolean> {
    for await (const { id } of this.#files.list("locks", { signal })) if (id === wanted) return true;
    return false;
  }

  /** The monotonic clock stands still while a machine is suspended, and the wall clock may be set back: the longer time counts. */
  #isOverdue(): boolean {
    const now = momentOf(this.#options.clock);
    const { wallMs, monotonicMs } = this.#refreshedAt;
    return Math.max(now.wallMs - wallMs, now.monotonicMs - monotonicMs) >= LOST_AFTER_MS;
  }

  #lose(state: string): void {
    this.#lost.abort(lockLost(state, this.#lastFailure));
  }

  async #remove(id: HexId, signal: AbortSignal): Promise<void> {
    try {
      await this.#files.remove("locks", id, { signal });
    } catch (error) {
      const message = `Cannot remove the lock of this command: ${asDomainError(error).message}`;
      this.#options.report?.({ grade: "info", code: "lock_left", object: `locks/${id}`, message });
    }
  }
}

const OVERDUE = "it could not be refreshed for 20 minutes";

/** The JSON of a lock file that is written now. */
export function lockBody(identity: LockIdentity, exclusive: boolean, nowMs: number): Uint8Array {
  return serializeLockFile({ ...identity, exclusive, time: timestampAt(nowMs) });
}

export function momentOf(clock: Clock): Moment {
  return { wallMs: clock.now(), monotonicMs: clock.monotonicMs() };
}
