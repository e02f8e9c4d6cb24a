/** Keeps calls and bytes below bounds, so that Holdfast stays a good neighbour of what shares the way to the store. */
import type { Clock } from "../base/clock.ts";
import { Semaphore } from "../base/semaphore.ts";
import { intercept } from "./intercept.ts";
import type { ObjectStore } from "./object-store.ts";

export interface StoreLimits {
  readonly clock: Clock;
  /** Most calls under way. */
  readonly maxCalls: number;
  /** Both directions have the bound each, not together. */
  readonly sendBytesPerSecond?: number;
  readonly receiveBytesPerSecond?: number;
}

export function limited(store: ObjectStore, limits: StoreLimits): ObjectStore {
  const { clock } = limits;
  const calls = new Semaphore(limits.maxCalls);
  const send = limits.sendBytesPerSecond === undefined ? undefined : new Pace(clock, limits.sendBytesPerSecond);
  const receive = limits.receiveBytesPerSecond === undefined ? undefined : new Pace(clock, limits.receiveBytesPerSecond);
  return intercept(store, async ({ sendBytes, signal }, call) => {
    using _permit = await calls.acquire(signal);
    await send?.pass(sendBytes, signal);
    const result = await call();
    // How much comes is known afterwards: the next one waits for it.
    if (result instanceof Uint8Array) await receive?.pass(result.length, signal);
    return result;
  });
}

/** Lets bytes through at a steady rate; who comes while it is behind waits until it has caught up. */
class Pace {
  readonly #clock: Clock;
  readonly #bytesPerMs: number;
  #freeAtMs = 0;

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  async pass(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    if (bytes === 0) return;
    const nowMs = this.#clock.monotonicMs();
    const startMs = Math.max(nowMs, this.#freeAtMs);
    this.#freeAtMs = startMs + bytes / this.#bytesPerMs;
    await this.#clock.sleep(this.#freeAtMs - nowMs, signal);
  }
}
