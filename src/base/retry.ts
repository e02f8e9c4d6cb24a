/** Trying again, with exponential back-off and full jitter: every wait is drawn between zero and a bound that doubles. */
import type { Clock } from "./clock.ts";
import { DomainError, isRetryable } from "./errors.ts";

export interface RetryOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Calls in all, the first included. */
  readonly maxAttempts: number;
  /** No wait ends later than this after the start. */
  readonly maxElapsedMs: number;
  /** Bound of the first wait. */
  readonly firstDelayMs: number;
  /** Where the bound stops doubling. */
  readonly maxDelayMs: number;
  /** Uniform in [0, 1). Default Math.random. */
  readonly random?: () => number;
  /** Default: the kinds that the table of errors calls retryable. */
  readonly isRetryable?: (error: unknown) => boolean;
  readonly onRetry?: (event: RetryEvent) => void;
}

export interface RetryEvent {
  /** Number of the call that failed, from 1. */
  readonly attempt: number;
  /** How long the wait before the next call is. */
  readonly delayMs: number;
  readonly error: unknown;
}

/**
 * Calls `operation` until it succeeds. A number in `details.retryAfterMs` of an error is waited for at least.
 *
 * @throws what the last call threw, or the reason of the signal
 */
export async function retry<T>(operation: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, signal, random = Math.random } = options;
  const startMs = clock.monotonicMs();
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await operation(attempt);
    } catch (error) {
      signal?.throwIfAborted();
      const boundMs = Math.min(options.maxDelayMs, options.firstDelayMs * 2 ** (attempt - 1));
      const delayMs = Math.max(random() * boundMs, retryAfterMs(error));
      const elapsedMs = clock.monotonicMs() - startMs;
      const mayRetry = (options.isRetryable ?? isRetryable)(error);
      if (!mayRetry || attempt >= options.maxAttempts || elapsedMs + delayMs > options.maxElapsedMs) throw error;
      options.onRetry?.({ attempt, delayMs, error });
      await clock.sleep(delayMs, signal);
    }
  }
}

function retryAfterMs(error: unknown): number {
  const wish = error instanceof DomainError ? error.details["retryAfterMs"] : undefined;
  return typeof wish === "number" ? wish : 0;
}
