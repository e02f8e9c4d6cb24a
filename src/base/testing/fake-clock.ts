/** A clock that moves only when a test says so. */
import { setImmediate as settle } from "node:timers/promises";
import type { Clock } from "../clock.ts";

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

export class FakeClock implements Clock {
  readonly #startMs: number;
  #elapsedMs = 0;
  /** Earliest first; equal moments in the order they were asked for. */
  #sleepers: readonly Sleeper[] = [];

  /** @param startMs Wall time at the start, milliseconds since 1970. */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs;
  }

  /** How many sleeps wait now. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted === true) {
      reject(signal.reason);
      return promise;
    }
    const onAbort = (): void => {
      this.#remove(sleeper);
      reject(signal?.reason);
    };
    const sleeper: Sleeper = {
      dueMs: this.#elapsedMs + ms,
      wake: () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      },
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#sleepers = [...this.#sleepers, sleeper].toSorted((a, b) => a.dueMs - b.dueMs);
    return promise;
  }

  /** Moves time on, waking sleepers one by one in order; each sees its own moment and may sleep again within the span. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms;
    await settle();
    for (let next = this.#sleepers[0]; next !== undefined && next.dueMs <= untilMs; next = this.#sleepers[0]) {
      this.#remove(next);
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs);
      next.wake();
      await settle();
    }
    this.#elapsedMs = untilMs;
  }

  #remove(sleeper: Sleeper): void {
    this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
  }
}
