/** Time is injected everywhere, so that tests never sleep. This is the only file of the product that asks the system for it. */
import { setTimeout as systemTimer } from "node:timers/promises";

export interface Clock {
  /** Wall time in milliseconds since 1970. May jump in both directions. */
  now(): number;
  /** Milliseconds since an arbitrary moment, for durations: never goes back. */
  monotonicMs(): number;
  /** Waits; rejects with the reason of the signal, and frees the timer, as soon as that aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Node fires longer timers at once (2^31 - 1 ms, about 24.8 days). */
const LONGEST_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    signal?.throwIfAborted();
    const options = signal === undefined ? {} : { signal };
    try {
      for (let left = ms; left > 0; left -= LONGEST_TIMER_MS) {
        await systemTimer(Math.min(left, LONGEST_TIMER_MS), undefined, options);
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};

/** RFC 3339 in UTC with milliseconds. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
