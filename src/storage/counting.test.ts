import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { counting } from "./counting.ts";
import { MemoryStore } from "./memory.ts";
import { parseObjectKey } from "./object-store.ts";

const KEY = parseObjectKey("a");

test("counting() counts requests, and the bytes of objects in both directions", async () => {
  const { store, traffic } = counting(new MemoryStore({ clock: new FakeClock() }));
  await store.put(KEY, new Uint8Array(100));
  await store.get(KEY, { range: { offset: 0, length: 30 } });
  await store.info(KEY);
  assert.deepEqual({ ...traffic }, { requests: 3, bytesSent: 100, bytesReceived: 30 });
});

test("counting() counts a list once for each thousand objects, and failures too", async () => {
  const { store, traffic } = counting(new MemoryStore({ clock: new FakeClock() }));
  for (let index = 0; index < 1500; index++) await store.put(parseObjectKey(`x/${index}`), new Uint8Array(1));
  const before = traffic.requests;
  assert.equal((await Array.fromAsync(store.list("x/"))).length, 1500);
  assert.deepEqual(await Array.fromAsync(store.list("y/")), []);
  assert.equal(traffic.requests - before, 3);
  await assert.rejects(store.get(KEY));
  assert.equal(traffic.requests - before, 4);
});
