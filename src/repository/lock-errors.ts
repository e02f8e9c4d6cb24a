/** What there is to say about locks. */
import { isoTime } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import type { ListedLock } from "./lock-list.ts";

const MAX_NAMED = 5;
const MAX_WORD_LENGTH = 100;
const MINUTE_MS = 60_000;

/** locked/repository_locked */
export function lockedError(holders: readonly ListedLock[], nowMs: number): DomainError {
  const named = holders.slice(0, MAX_NAMED).map((lock) => describeHolder(lock, nowMs));
  const more = holders.length > MAX_NAMED ? `, and ${holders.length - MAX_NAMED} more` : "";
  return new DomainError("locked", "repository_locked", `Cannot lock the repository: ${named.join(", ")}${more}`, {
    details: { holders: holders.slice(0, MAX_NAMED).map(holderDetails) },
    hint: 'Wait for it with --retry-lock, or, if it does not run any more, remove its lock with "holdfast repository unlock"',
  });
}

/** unavailable/lock_lost */
export function lockLost(state: string, cause?: unknown): DomainError {
  return new DomainError("unavailable", "lock_lost", `Cannot go on without the lock of the repository: ${state}`, {
    cause,
    hint: "Run the command again; nothing that is finished is lost",
  });
}

/** locked/too_many_locks */
export function tooManyLocks(limit: number): DomainError {
  return new DomainError("locked", "too_many_locks", `Cannot lock the repository: it has more than ${limit} locks`, {
    hint: 'Remove those that are left over with "holdfast repository unlock"',
  });
}

/** `"root" on "node-1" (process 4711) has it exclusively, last heard of 3 minutes ago` */
export function describeHolder({ id, modifiedMs, holder }: ListedLock, nowMs: number): string {
  const minutes = Math.max(0, Math.floor((nowMs - modifiedMs) / MINUTE_MS));
  const heard = `last heard of ${minutes === 1 ? "1 minute" : `${minutes} minutes`} ago`;
  if (holder === undefined) return `the holder of lock "${id.slice(0, 8)}", which cannot be read, has it, ${heard}`;
  const how = holder.exclusive ? "has it exclusively" : "uses it";
  return `${quoted(holder.username)} on ${quoted(holder.hostname)} (process ${holder.pid}) ${how}, ${heard}`;
}

/** A lock as JSON for programs. */
export function holderDetails({ id, modifiedMs, holder }: ListedLock): Readonly<Record<string, unknown>> {
  const refreshed = isoTime(modifiedMs);
  if (holder === undefined) return { id, refreshed };
  const { hostname, username, pid, exclusive } = holder;
  return { id, hostname, username, pid, exclusive, refreshed };
}

/** Whoever can write to the bucket chose the words: nothing in them may steer a terminal. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, MAX_WORD_LENGTH)).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
}
