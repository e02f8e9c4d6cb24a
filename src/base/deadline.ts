/** A signal that aborts after a time, by the clock; disposing it frees the timer. */
import type { Clock } from "./clock.ts";

export class Deadline implements Disposable {
  readonly signal: AbortSignal;
  readonly #done = new AbortController();

  constructor(clock: Clock, ms: number) {
    const abort = new AbortController();
    this.signal = abort.signal;
    clock.sleep(ms, this.#done.signal).then(
      () => abort.abort(),
      () => undefined,
    );
  }

  [Symbol.dispose](): void {
    this.#done.abort();
  }
}
