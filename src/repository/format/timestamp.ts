/** Moments as restic writes them in snapshots, locks and key files: RFC 3339 with up to nine digits of a second, in any offset. */
import { isoTime } from "../../base/clock.ts";

export interface Timestamp {
  /** As it was written: its offset says what the wall clock showed there. */
  readonly text: string;
  /** Milliseconds since 1970, rounded down. */
  readonly epochMs: number;
  /** Nanoseconds since 1970. */
  readonly epochNs: bigint;
}

/** Temporal alone would take more: named zones, calendars, moments without seconds. */
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** undefined if it is none. */
export function parseTimestamp(text: string): Timestamp | undefined {
  if (!RFC3339.test(text)) return undefined;
  try {
    const { epochMilliseconds, epochNanoseconds } = Temporal.Instant.from(text);
    return { text, epochMs: epochMilliseconds, epochNs: epochNanoseconds };
  } catch (error) {
    if (error instanceof RangeError) return undefined; // no such day, hour or offset
    throw error;
  }
}

/** That moment, written in UTC. */
export function timestampAt(epochMs: number): Timestamp {
  return { text: isoTime(epochMs), epochMs, epochNs: BigInt(epochMs) * 1_000_000n };
}
