/**
 * How many requests may be under way at a time, so that a server is kept busy and nobody beside us waits much longer. It rises by one
 * while answers come as fast as they ever did, falls when they get slower, and at once when the server says so. Pure: it is told of
 * every answer, and knows no clock.
 */

export interface Answer {
  /** What was asked for; only latencies of the same are compared: `create configmaps`. */
  readonly request: string;
  readonly latencyMs: number;
  /** The server asked to slow down, or was overcome in another way, before it answered. */
  readonly isThrottled: boolean;
}

export interface ConcurrencyBounds {
  readonly first: number;
  readonly max: number;
}

/** Above so much of the best latency seen the limit falls, below so much it rises. */
const SLOW = 1.5;
const FAST = 1.25;
const SLOWER = 0.8;
/** Fewer answers say nothing about the median. */
const MIN_WINDOW = 8;
/** What was once fast need not stay possible: the best latency is forgotten slowly, by so much a window. */
const FORGET = 1.002;

export class ConcurrencyLimit {
  readonly #max: number;
  #limit: number;
  /** Of the answers since the limit was last looked at, in multiples of the best. */
  #ratios: number[] = [];
  /** Answers to come of requests that were sent before the limit was halved. */
  #underWay = 0;
  readonly #best = new Map<string, number>();

  constructor({ first, max }: ConcurrencyBounds) {
    this.#limit = first;
    this.#max = max;
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  observe({ request, latencyMs, isThrottled }: Answer): void {
    if (this.#underWay > 0) this.#underWay--;
    if (isThrottled) {
      // Those that were under way with it say the same again.
      if (this.#underWay === 0) this.#halve();
      return;
    }
    this.#ratios.push(latencyMs / this.#bestOf(request, latencyMs));
    if (this.#ratios.length < Math.max(MIN_WINDOW, 2 * this.#limit)) return;
    const ratio = this.#ratios.toSorted((left, right) => left - right)[Math.floor(this.#ratios.length / 2)] ?? 1;
    if (ratio > SLOW) this.#limit = Math.max(1, this.#limit * SLOWER);
    else if (ratio < FAST) this.#limit = Math.min(this.#max, this.#limit + 1);
    this.#ratios = [];
    for (const [name, best] of this.#best) this.#best.set(name, best * FORGET);
  }

  #halve(): void {
    this.#underWay = this.limit - 1;
    this.#limit = Math.max(1, this.#limit / 2);
    this.#ratios = [];
  }

  #bestOf(request: string, latencyMs: number): number {
    const best = Math.min(this.#best.get(request) ?? Infinity, Math.max(latencyMs, Number.MIN_VALUE));
    this.#best.set(request, best);
    return best;
  }
}
