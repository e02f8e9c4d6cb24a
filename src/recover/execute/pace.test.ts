import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { AdaptivePace, maxSpeed } from "./pace.ts";

test("AdaptivePace lets through as many as its limit says, in the order in which they came, and more once answers are fast", async () => {
  const pace = new AdaptivePace(new FakeClock());
  const started: number[] = [];
  const answers = Array.from({ length: 40 }, () => Promise.withResolvers<void>());
  const runs = answers.map(async ({ promise }, index) =>
    pace.run("create configmaps", async () => {
      started.push(index);
      await promise;
    }),
  );
  await settled();
  const first = started.length;
  assert.ok(first >= 1 && first <= 4, `${first}`);
  let most = 0;
  for (const [index, { resolve }] of answers.entries()) {
    resolve();
    await settled();
    most = Math.max(most, started.length - index - 1);
  }
  await Promise.all(runs);
  assert.deepEqual(
    started,
    answers.map((_, index) => index),
  );
  assert.ok(most > first, `${most} at a time`);
});

test("AdaptivePace goes on after a request that fails", async () => {
  const pace = new AdaptivePace(new FakeClock());
  for (let count = 0; count < 10; count++) {
    await assert.rejects(
      pace.run("create", () => Promise.reject(new Error("no"))),
      { message: "no" },
    );
  }
  assert.equal(await pace.run("create", async () => "done"), "done");
});

test("maxSpeed holds nothing back", async () => {
  let running = 0;
  const end = Promise.withResolvers<void>();
  const runs = Array.from({ length: maxSpeed.maxConcurrency }, () =>
    maxSpeed.run("create", async () => {
      running++;
      await end.promise;
    }),
  );
  assert.equal(running, maxSpeed.maxConcurrency);
  end.resolve();
  await Promise.all(runs);
});

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}
