/** Lets requests through as fast as is good for the cluster: at most so many at a time, by what their answers were like. */
import type { Clock } from "../../base/clock.ts";
import { ConcurrencyLimit } from "./concurrency-limit.ts";

/** What a request tells of itself besides its answer. */
export type OnRetry = (error: unknown) => void;

export interface Pace {
  /** Most requests at a time that it ever lets through. */
  readonly maxConcurrency: number;
  /** @param request What it is, for comparing latencies: `create configmaps` */
  run<T>(request: string, send: (onRetry: OnRetry) => Promise<T>): Promise<T>;
}

const ADAPTIVE = { first: 1, max: 8 };
const MAX_SPEED = 24;

/** For a cluster that others use. */
export class AdaptivePace implements Pace {
  readonly maxConcurrency: number = ADAPTIVE.max;
  readonly #clock: Clock;
  readonly #limit = new ConcurrencyLimit(ADAPTIVE);
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async run<T>(request: string, send: (onRetry: OnRetry) => Promise<T>): Promise<T> {
    await this.#enter();
    const startMs = this.#clock.monotonicMs();
    let isThrottled = false;
    try {
      return await send(() => (isThrottled = true));
    } finally {
      this.#limit.observe({ request, latencyMs: this.#clock.monotonicMs() - startMs, isThrottled });
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < this.#limit.limit) {
      this.#running++;
      return;
    }
    // Whoever lets it in counts it.
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    this.#running--;
    while (this.#running < this.#limit.limit) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#running++;
      next();
    }
  }
}

/** For a cluster that nobody uses yet. */
export const maxSpeed: Pace = {
  maxConcurrency: MAX_SPEED,
  run: async (_request, send) => send(() => undefined),
};
