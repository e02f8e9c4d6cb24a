/** A bound on how many holders there are at a time. */

interface Waiter {
  readonly admit: () => void;
}

export class Semaphore {
  #free: number;
  /** First come, first served. */
  readonly #waiters = new Set<Waiter>();

  /** @param permits A whole number of at least 1. */
  constructor(permits: number) {
    if (!Number.isInteger(permits) || permits < 1) throw new RangeError(`Cannot make a semaphore: permits is ${permits}`);
    this.#free = permits;
  }

  /**
   * Waits for a permit, which goes back when it is disposed: `using permit = await semaphore.acquire(signal)`.
   *
   * @throws the reason of the signal, if that aborts first
   */
  async acquire(signal?: AbortSignal): Promise<Disposable> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (held) this.#release();
        held = false;
      },
    };
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { admit: resolve };
    const onAbort = (): void => {
      // One that was admitted already has its permit; its promise can no longer be rejected.
      this.#waiters.delete(waiter);
      reject(signal?.reason);
    };
    this.#waiters.add(waiter);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Hands the permit to the next waiter directly, so that nobody can slip in between. */
  #release(): void {
    const next = this.#waiters.values().next().value;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiters.delete(next);
    next.admit();
  }
}
