import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as settle } from "node:timers/promises";
import { forEachConcurrent, mapConcurrent } from "./concurrency.ts";
import { FakeClock } from "./testing/fake-clock.ts";
import { fc } from "./testing/property.ts";

const failure = new Error("failed");

test("mapConcurrent() gives results in the order of the items, never more than the limit at work", async () => {
  const property = fc.asyncProperty(fc.array(fc.nat({ max: 4 })), fc.integer({ min: 1, max: 4 }), async (turns, limit) => {
    let running = 0;
    let most = 0;
    const results = await mapConcurrent(turns, { limit }, async (count, _signal, index) => {
      most = Math.max(most, ++running);
      for (let turn = 0; turn < count; turn++) await settle();
      running--;
      return `${index}:${count}`;
    });
    assert.deepEqual(
      results,
      turns.map((count, index) => `${index}:${count}`),
    );
    assert.ok(most <= limit);
  });
  await fc.assert(property, { numRuns: 30 });
});

test("forEachConcurrent() works on the limit at once, and takes an item only when there is room", async () => {
  const clock = new FakeClock();
  const taken: number[] = [];
  async function* source(): AsyncGenerator<number> {
    for (let item = 0; item < 4; item++) {
      taken.push(item);
      yield item;
    }
  }
  const done = forEachConcurrent(source(), { limit: 2 }, () => clock.sleep(10));
  await clock.advance(5);
  assert.deepEqual([taken, clock.sleeping], [[0, 1], 2]);
  await clock.advance(20);
  await done;
  assert.deepEqual(taken, [0, 1, 2, 3]);
});

test("forEachConcurrent() on a failure aborts the others, waits for them, takes no more, and throws it", async () => {
  const events: string[] = [];
  const work = async (item: number, signal: AbortSignal): Promise<void> => {
    events.push(`start ${item}`);
    if (item === 1) throw failure;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    await settle();
    events.push(`end ${item} after ${String(signal.reason)}`);
  };
  await assert.rejects(forEachConcurrent([0, 1, 2, 3], { limit: 2 }, work), failure);
  assert.deepEqual(events, ["start 0", "start 1", "end 0 after Error: failed"]);
});

test("forEachConcurrent() throws what the source throws, after work under way has ended", async () => {
  let ended = false;
  async function* source(): AsyncGenerator<number> {
    yield 1;
    throw failure;
  }
  const work = async (): Promise<void> => {
    await settle();
    ended = true;
  };
  await assert.rejects(forEachConcurrent(source(), { limit: 2 }, work), failure);
  assert.equal(ended, true);
});

test("forEachConcurrent() ends with the reason of the signal, also while the source hangs", async () => {
  const abort = new AbortController();
  async function* hanging(): AsyncGenerator<number> {
    yield 1;
    await new Promise(() => undefined);
  }
  const done = forEachConcurrent(hanging(), { limit: 2, signal: abort.signal }, () => Promise.resolve());
  await settle();
  abort.abort(failure);
  await assert.rejects(done, failure);
  const never = (): Promise<void> => assert.fail("called");
  await assert.rejects(forEachConcurrent([1], { limit: 1, signal: AbortSignal.abort(failure) }, never), failure);
});

test("forEachConcurrent() under a signal that has aborted leaves no failure of the source that nobody looks at", async (t) => {
  const unhandled = t.mock.fn();
  process.once("unhandledRejection", unhandled);
  const source = {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("cancelled, too")) }),
  } as unknown as AsyncIterable<number>;
  const signal = AbortSignal.abort(new Error("cancelled"));
  await assert.rejects(
    forEachConcurrent(source, { limit: 1, signal }, () => Promise.resolve()),
    { message: "cancelled" },
  );
  await settle();
  process.removeListener("unhandledRejection", unhandled);
  assert.equal(unhandled.mock.callCount(), 0);
});

test("forEachConcurrent() closes the source that it leaves early", async () => {
  let closed = false;
  function* source(): Generator<number> {
    try {
      yield 1;
      yield 2;
    } finally {
      closed = true;
    }
  }
  await assert.rejects(
    forEachConcurrent(source(), { limit: 1 }, () => Promise.reject(failure)),
    failure,
  );
  assert.equal(closed, true);
});

test("forEachConcurrent() refuses a limit below one", async () => {
  await assert.rejects(
    forEachConcurrent([1], { limit: 0 }, () => Promise.resolve()),
    RangeError,
  );
});
