import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { parseObjectKey } from "../../storage/object-store.ts";
import { findDefaultRetention } from "./default-retention.ts";

const LOCK = parseObjectKey(`locks/${"ab".repeat(32)}`);

test("findDefaultRetention() tells of a lock that the bucket gave a date, and of nothing else", async () => {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock, versioned: true });
  assert.equal(await findDefaultRetention(store), undefined, "no lock");
  await store.put(LOCK, Buffer.from("x"));
  assert.equal(await findDefaultRetention(store), undefined, "no date");
  await store.locking?.retainUntil(LOCK, clock.now());
  assert.deepEqual(await findDefaultRetention(store), {
    grade: "info",
    code: "default_retention",
    object: "memory:",
    message: "Locks and other short-lived files cannot be deleted before 2026-01-01T00:00:00.000Z: the bucket has a retention by default",
  });
  assert.equal(await findDefaultRetention(new MemoryStore({ clock })), undefined, "no Object Lock");
});
