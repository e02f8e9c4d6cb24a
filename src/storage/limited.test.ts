import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { faulty } from "./faulty.ts";
import { limited } from "./limited.ts";
import { MemoryStore } from "./memory.ts";
import { parseObjectKey } from "./object-store.ts";

const KEY = parseObjectKey("a");

test("limited() spreads bytes over time in each direction", async () => {
  const clock = new FakeClock();
  const store = limited(new MemoryStore({ clock }), { clock, maxCalls: 8, sendBytesPerSecond: 1000, receiveBytesPerSecond: 500 });
  const sending = Promise.all([store.put(KEY, new Uint8Array(2000)), store.put(KEY, new Uint8Array(1000))]);
  let sent = false;
  void sending.then(() => (sent = true));
  await clock.advance(2999);
  assert.equal(sent, false);
  await clock.advance(1);
  await sending;

  const startMs = clock.monotonicMs();
  let receivedMs = 0;
  const receiving = store.get(KEY).then(() => (receivedMs = clock.monotonicMs() - startMs));
  await clock.advance(10_000);
  await receiving;
  assert.equal(receivedMs, 2000);
});

test("limited() lets no more calls through at a time than it may", async () => {
  const clock = new FakeClock();
  let running = 0;
  let most = 0;
  const slow = faulty(new MemoryStore({ clock }), () => {
    most = Math.max(most, ++running);
    queueMicrotask(() => running--);
    return undefined;
  });
  const store = limited(slow, { clock, maxCalls: 2 });
  await Promise.all(Array.from({ length: 10 }, () => store.put(KEY, new Uint8Array(1))));
  assert.equal(most, 2);
});

test("limited() gives a waiting call up when its signal aborts", async () => {
  const clock = new FakeClock();
  const hanging = faulty(new MemoryStore({ clock }), () => "hangs");
  const store = limited(hanging, { clock, maxCalls: 1 });
  const first = new AbortController();
  const holder = store.get(KEY, { signal: first.signal });
  const reason = new Error("enough");
  await assert.rejects(store.get(KEY, { signal: AbortSignal.abort(reason) }), reason);
  first.abort(reason);
  await assert.rejects(holder, reason);
});
