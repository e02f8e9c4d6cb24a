import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "./fake-clock.ts";

test("advance() wakes sleepers in order, each at its own moment", async () => {
  const clock = new FakeClock(1_000);
  const woken: string[] = [];
  const sleeper = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms);
    woken.push(`${name} at ${clock.now()}`);
  };
  const all = Promise.all([sleeper("late", 30), sleeper("early", 10), sleeper("second early", 10), sleeper("never", 41)]);
  await clock.advance(40);
  assert.deepEqual(woken, ["early at 1010", "second early at 1010", "late at 1030"]);
  assert.deepEqual([clock.now(), clock.monotonicMs(), clock.sleeping], [1_040, 40, 1]);
  await clock.advance(1);
  await all;
});

test("advance() wakes one that sleeps again within the span", async () => {
  const clock = new FakeClock(0);
  const ticks: number[] = [];
  const ticking = (async () => {
    while (ticks.length < 3) {
      await clock.sleep(10);
      ticks.push(clock.now());
    }
  })();
  await clock.advance(35);
  await ticking;
  assert.deepEqual(ticks, [10, 20, 30]);
});

test("sleep() rejects with the reason of the signal and is forgotten", async () => {
  const clock = new FakeClock();
  const reason = new Error("stop");
  await assert.rejects(clock.sleep(1, AbortSignal.abort(reason)), reason);
  const abort = new AbortController();
  const sleeping = clock.sleep(10, abort.signal);
  abort.abort(reason);
  await assert.rejects(sleeping, reason);
  assert.equal(clock.sleeping, 0);
});
