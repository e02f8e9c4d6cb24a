import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as settle } from "node:timers/promises";
import { Semaphore } from "./semaphore.ts";

test("acquire() admits as many as there are permits, then first come, first served", async () => {
  const semaphore = new Semaphore(2);
  const order: string[] = [];
  const enter = async (name: string): Promise<Disposable> => {
    const permit = await semaphore.acquire();
    order.push(name);
    return permit;
  };
  const [a, b, c, d] = ["a", "b", "c", "d"].map(enter);
  await settle();
  assert.deepEqual(order, ["a", "b"]);
  (await b)?.[Symbol.dispose]();
  await settle();
  assert.deepEqual(order, ["a", "b", "c"]);
  (await a)?.[Symbol.dispose]();
  (await c)?.[Symbol.dispose]();
  await d;
  assert.deepEqual(order, ["a", "b", "c", "d"]);
});

test("a permit disposed twice goes back once", async () => {
  const semaphore = new Semaphore(1);
  const permit = await semaphore.acquire();
  permit[Symbol.dispose]();
  permit[Symbol.dispose]();
  using _held = await semaphore.acquire();
  const second = semaphore.acquire().then(() => "admitted");
  assert.equal(await Promise.race([second, settle("waiting")]), "waiting");
});

test("acquire() rejects with the reason of the signal, and leaves the permit to others", async () => {
  const semaphore = new Semaphore(1);
  const reason = new Error("stop");
  await assert.rejects(semaphore.acquire(AbortSignal.abort(reason)), reason);
  const held = await semaphore.acquire();
  const abort = new AbortController();
  const gone = semaphore.acquire(abort.signal);
  const next = semaphore.acquire();
  abort.abort(reason);
  await assert.rejects(gone, reason);
  held[Symbol.dispose]();
  await next;
});

test("a permit given before the signal aborts is kept", async () => {
  const semaphore = new Semaphore(1);
  const held = await semaphore.acquire();
  const abort = new AbortController();
  const next = semaphore.acquire(abort.signal);
  held[Symbol.dispose]();
  abort.abort(new Error("too late"));
  (await next)[Symbol.dispose]();
  await semaphore.acquire();
});

test("a semaphore without permits is refused", () => {
  for (const permits of [0, -1, 1.5]) assert.throws(() => new Semaphore(permits), RangeError);
});
