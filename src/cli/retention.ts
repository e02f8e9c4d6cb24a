/** The retention of a repository as people give and read it. */
import { DomainError } from "../base/errors.ts";
import type { RunRetention } from "../repository/object-lock/immutability.ts";
import { MAX_RETENTION_MS } from "../repository/object-lock/settings.ts";
import type { Repository } from "../repository/repository.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { formatDuration, parseDuration } from "./duration.ts";

/**
 * @returns milliseconds, more than 0
 * @throws {DomainError} usage/duration, usage/retention
 */
export function parseRetention(text: string): number {
  const ms = parseDuration(text);
  if (ms > 0 && ms <= MAX_RETENTION_MS) return ms;
  const most = formatDuration(MAX_RETENTION_MS);
  throw new DomainError("usage", "retention", `Cannot use retention "${text}": it must be more than nothing and no more than ${most}`);
}

/** @param what "Cannot …" @throws {DomainError} unsupported/object_lock */
export function requireObjectLock({ url, locking }: ObjectStore, what: string): void {
  if (locking !== undefined) return;
  throw new DomainError("unsupported", "object_lock", `${what}: "${url}" does not offer Object Lock`, {
    hint: "Use a bucket that was made with Object Lock, and credentials that allow s3:GetBucketVersioning and s3:GetBucketObjectLockConfiguration",
  });
}

/** @throws {DomainError} usage/retention_missing */
export function requireRetention({ store, retention }: Repository): RunRetention {
  if (retention !== undefined) return retention;
  requireObjectLock(store, "Cannot extend locks");
  throw new DomainError("usage", "retention_missing", "Cannot extend locks: the repository has no retention", {
    hint: 'Set one with "holdfast repository retention set 30d"',
  });
}
