/** How long files cannot be deleted, and until which day that is. */
import type { ObjectStore } from "../../storage/object-store.ts";
import { isRetained } from "./lockable-files.ts";
import type { StoredSettings } from "./settings.ts";

export interface Immutability {
  /** So long after a run, at least, all that its point needs cannot be deleted. */
  readonly retentionMs: number;
  /** Added to it, so that a run may take long, and clocks may differ. */
  readonly marginMs: number;
}

/** A first backup may take days. */
export const RETENTION_MARGIN_MS: number = 3 * 86_400_000;

/** For one run, decided at its start: what it stores and extends has one date. */
export interface RetentionDates {
  /** What is retained until an earlier moment is to be extended. */
  readonly neededMs: number;
  /** The date that it gets. */
  readonly untilMs: number;
}

/** What a run goes by in a repository that is set to a retention. */
export interface RunRetention extends RetentionDates {
  readonly settings: StoredSettings;
}

/** Rounds a moment up, milliseconds since 1970. */
export type RoundUp = (ms: number) => number;

/**
 * With dates that are the first of a month, a file is extended once a month, however often runs use it, and a date tells nothing of when
 * a file was stored.
 */
export function retentionDates({ retentionMs, marginMs }: Immutability, nowMs: number, roundUp: RoundUp = firstOfMonth): RetentionDates {
  const neededMs = nowMs + retentionMs + marginMs;
  return { neededMs, untilMs: roundUp(neededMs) };
}

/** The first moment of a month, in UTC, that is not earlier. */
export function firstOfMonth(ms: number): number {
  const moment = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO("UTC");
  const start = moment.with({ day: 1 }).startOfDay();
  return (start.epochMilliseconds === ms ? start : start.add({ months: 1 })).epochMilliseconds;
}

/** The store, with each file of a repository retained from the moment it is put. Locks and short-lived records are not. */
export function retaining(store: ObjectStore, { untilMs }: RetentionDates): ObjectStore {
  return {
    url: store.url,
    put: async (key, body, options = {}) => {
      const retainUntilMs = isRetained(key) ? Math.max(untilMs, options.retainUntilMs ?? 0) : options.retainUntilMs;
      await store.put(key, body, { ...options, retainUntilMs });
    },
    get: async (key, options) => store.get(key, options),
    info: async (key, options) => store.info(key, options),
    list: (prefix, options) => store.list(prefix, options),
    delete: async (key, options) => store.delete(key, options),
    versions: store.versions,
    locking: store.locking,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
