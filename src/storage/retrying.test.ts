import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock as clock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import { faulty, type Fault } from "./faulty.ts";
import { intercept } from "./intercept.ts";
import { MemoryStore } from "./memory.ts";
import { parseObjectKey } from "./object-store.ts";
import { retrying, type StoreRetryOptions } from "./retrying.ts";

const KEY = parseObjectKey("locks/a");
const BODY = Buffer.from("ours");

/** Waits have no length, so the real clock does. */
function setUp(faults: (Fault | undefined)[], changes: Partial<StoreRetryOptions> = {}) {
  const memory = new MemoryStore({ clock });
  const calls: string[] = [];
  const flaky = faulty(memory, ({ name }) => {
    calls.push(name);
    return faults.shift();
  });
  const store = retrying(flaky, { clock, maxAttempts: 3, maxElapsedMs: 60_000, firstDelayMs: 0, maxDelayMs: 0, ...changes });
  return { memory, store, calls };
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof DomainError && error.code === code;
}

test("put() succeeds when its first answer was lost and the second finds its own object", async () => {
  const { memory, store, calls } = setUp(["lost-answer"]);
  await store.put(KEY, BODY, { ifAbsent: true });
  assert.deepEqual(Buffer.from(await memory.get(KEY)), BODY);
  assert.deepEqual(calls, ["put", "put", "get"]);
});

test("put() fails when somebody else's object is there, at once or after a refusal", async () => {
  for (const faults of [[], ["refused"]] as Fault[][]) {
    const { memory, store } = setUp(faults);
    await memory.put(KEY, Buffer.from("theirs"));
    await assert.rejects(store.put(KEY, BODY, { ifAbsent: true }), hasCode("object_exists"));
    assert.equal(Buffer.from(await memory.get(KEY)).toString(), "theirs");
  }
});

test("put() fails at once when an object of the same bytes was there before", async () => {
  const { memory, store } = setUp([]);
  await memory.put(KEY, BODY);
  await assert.rejects(store.put(KEY, BODY, { ifAbsent: true }), hasCode("object_exists"));
});

test("get() gives up after the attempts that it has, and never repeats what cannot help", async () => {
  const refused = setUp(["refused", "refused", "refused", undefined]);
  await assert.rejects(refused.store.get(KEY), hasCode("storage_unavailable"));
  assert.deepEqual(refused.calls, ["get", "get", "get"]);
  const missing = setUp([]);
  await assert.rejects(missing.store.get(KEY), hasCode("object_not_found"));
  assert.deepEqual(missing.calls, ["get"]);
});

test("list() goes on after each failure and gives every object once", async () => {
  const { memory, store } = setUp([undefined, "refused", undefined, "lost-answer", "refused", undefined, undefined, undefined]);
  const names = ["a", "b", "c", "d"];
  for (const name of names) await memory.put(parseObjectKey(name), BODY);
  assert.deepEqual(
    (await Array.fromAsync(store.list(""))).map(({ key }) => key),
    names,
  );
});

test("a call that waits to be tried again ends when the store is disposed", async () => {
  const { store, calls } = setUp(["refused", "refused"], { firstDelayMs: 60_000, maxDelayMs: 60_000, random: () => 0.5 });
  const getting = store.get(KEY);
  await store[Symbol.asyncDispose]();
  await assert.rejects(getting, hasCode("store_closed"));
  assert.deepEqual(calls, ["get"]);
});

test("put() does not try again on a store that is full", async () => {
  const memory = new MemoryStore({ clock });
  let puts = 0;
  const full = { ...intercept(memory, (_, call) => call()), put: async () => Promise.reject(storageFull(++puts)) };
  const store = retrying(full, { clock, maxAttempts: 3, maxElapsedMs: 60_000, firstDelayMs: 0, maxDelayMs: 0 });
  await assert.rejects(store.put(KEY, BODY), hasCode("storage_full"));
  assert.equal(puts, 1);
});

function storageFull(puts: number): DomainError {
  return new DomainError("unavailable", "storage_full", `Cannot write: no space left (${puts})`);
}
