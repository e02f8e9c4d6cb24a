import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { Checkpoints } from "./checkpoints.ts";

function setting() {
  const clock = new FakeClock();
  const made: number[] = [];
  let finish: () => void = () => undefined;
  const checkpoints = new Checkpoints({ ms: 1_000, blobs: 10 }, clock, async (number) => {
    made.push(number);
    const { promise, resolve } = Promise.withResolvers<void>();
    finish = resolve;
    await promise;
  });
  const finishOne = async (): Promise<void> => {
    finish();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { clock, made, checkpoints, finishOne };
}

test("A checkpoint is made when enough blobs are stored, or time has passed and there is something to note", async () => {
  const { clock, made, checkpoints, finishOne } = setting();
  checkpoints.stored(9);
  assert.deepEqual(made, []);
  checkpoints.stored(1);
  assert.deepEqual(made, [1]);
  await finishOne();
  await clock.advance(1_000);
  assert.deepEqual(made, [1], "nothing was stored since");
  checkpoints.stored(1);
  assert.deepEqual(made, [1, 2]);
  await finishOne();
  await clock.advance(999);
  checkpoints.stored(1);
  assert.deepEqual(made, [1, 2]);
});

test("One checkpoint is made at a time, and the end waits for it and allows no other", async () => {
  const { made, checkpoints, finishOne } = setting();
  checkpoints.stored(10);
  checkpoints.stored(10);
  assert.deepEqual(made, [1]);
  let hasEnded = false;
  const end = checkpoints.end().then(() => (hasEnded = true));
  await Promise.resolve();
  assert.ok(!hasEnded);
  await finishOne();
  await end;
  checkpoints.stored(10);
  assert.deepEqual(made, [1]);
});
