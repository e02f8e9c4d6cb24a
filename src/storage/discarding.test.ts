import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { discarding } from "./discarding.ts";
import { MemoryStore } from "./memory.ts";
import { parseObjectKey } from "./object-store.ts";

test("discarding() reads what is there, and changes nothing", async () => {
  const kept = new MemoryStore({ clock: new FakeClock(), versioned: true });
  const [a, b] = [parseObjectKey("a"), parseObjectKey("b")];
  await kept.put(a, Buffer.from("before"));
  const before = await Array.fromAsync(kept.versions?.list("") ?? []);
  const store = discarding(kept);
  await store.put(a, Buffer.from("after"));
  await store.put(b, Buffer.from("new"), { ifAbsent: true });
  await store.delete(a);
  for (const { key, version } of before) {
    await store.versions?.delete(key, version);
    await store.locking?.retainUntil(key, 1_000, version);
    await store.locking?.setLegalHold(key, true, version);
  }
  assert.equal(Buffer.from(await store.get(a)).toString(), "before");
  assert.deepEqual(await Array.fromAsync(store.list(""), ({ key }) => key), ["a"]);
  assert.deepEqual(await Array.fromAsync(kept.versions?.list("") ?? []), before);
  assert.equal(await kept.locking?.hasLegalHold(a), false);
  assert.equal(await kept.locking?.retainedUntilMs(a), undefined);
});
