import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "./errors.ts";
import { retry, type RetryEvent, type RetryOptions } from "./retry.ts";
import { FakeClock } from "./testing/fake-clock.ts";

const throttled = new DomainError("unavailable", "throttled", "Cannot put object: server is busy");

/** Waits of 100, 200, 400 … at most 1000 ms, when `random` gives 1. */
function optionsFor(clock: FakeClock, changes: Partial<RetryOptions> = {}): RetryOptions {
  return { clock, maxAttempts: 6, maxElapsedMs: 60_000, firstDelayMs: 100, maxDelayMs: 1_000, random: () => 1, ...changes };
}

/** Fails with `error` every time, and tells the moments of the calls. */
async function callMoments(clock: FakeClock, error: Error, options: RetryOptions): Promise<number[]> {
  const startMs = clock.monotonicMs();
  const moments: number[] = [];
  const done = assert.rejects(
    retry(() => {
      moments.push(clock.monotonicMs() - startMs);
      return Promise.reject(error);
    }, options),
    error,
  );
  await clock.advance(120_000);
  await done;
  return moments;
}

test("retry() returns at once on success, and after failures the first success", async () => {
  const clock = new FakeClock();
  assert.equal(await retry((attempt) => Promise.resolve(attempt), optionsFor(clock)), 1);
  const events: RetryEvent[] = [];
  const third = retry((attempt) => (attempt < 3 ? Promise.reject(throttled) : Promise.resolve(attempt)), {
    ...optionsFor(clock),
    onRetry: (event) => events.push(event),
  });
  await clock.advance(300);
  assert.equal(await third, 3);
  assert.deepEqual(events, [
    { attempt: 1, delayMs: 100, error: throttled },
    { attempt: 2, delayMs: 200, error: throttled },
  ]);
});

test("retry() doubles the bound up to its limit and throws the last error after maxAttempts", async () => {
  const clock = new FakeClock();
  assert.deepEqual(await callMoments(clock, throttled, optionsFor(clock)), [0, 100, 300, 700, 1_500, 2_500]);
});

test("retry() draws the wait between zero and the bound", async () => {
  const clock = new FakeClock();
  const draws = [0, 0.5, 0.25];
  const options = optionsFor(clock, { maxAttempts: 4, random: () => draws.shift() ?? 0 });
  assert.deepEqual(await callMoments(clock, throttled, options), [0, 0, 100, 200]);
});

test("retry() waits for retryAfterMs at least", async () => {
  const clock = new FakeClock();
  const busy = new DomainError("unavailable", "throttled", "x", { details: { retryAfterMs: 5_000 } });
  assert.deepEqual(await callMoments(clock, busy, optionsFor(clock, { maxAttempts: 2 })), [0, 5_000]);
});

test("retry() starts no wait that would end after maxElapsedMs", async () => {
  const clock = new FakeClock();
  assert.deepEqual(await callMoments(clock, throttled, optionsFor(clock, { maxElapsedMs: 700 })), [0, 100, 300, 700]);
});

test("retry() tries kinds that are not retryable, and bugs, once, unless told otherwise", async () => {
  const clock = new FakeClock();
  assert.deepEqual(await callMoments(clock, new DomainError("forbidden", "x", "x"), optionsFor(clock)), [0]);
  assert.deepEqual(await callMoments(clock, new TypeError("bug"), optionsFor(clock)), [0]);
  const options = optionsFor(clock, { isRetryable: () => true, maxAttempts: 2 });
  assert.equal((await callMoments(clock, new TypeError("bug"), options)).length, 2);
});

test("retry() ends with the reason of the signal, before a call and while it waits", async () => {
  const clock = new FakeClock();
  const reason = new Error("stop");
  const never = (): Promise<never> => assert.fail("called");
  await assert.rejects(retry(never, optionsFor(clock, { signal: AbortSignal.abort(reason) })), reason);
  const abort = new AbortController();
  const waiting = retry(() => Promise.reject(throttled), optionsFor(clock, { signal: abort.signal }));
  await clock.advance(50);
  abort.abort(reason);
  await assert.rejects(waiting, reason);
});
