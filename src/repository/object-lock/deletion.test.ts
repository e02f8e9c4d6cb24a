import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "../../base/errors.ts";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { faulty } from "../../storage/faulty.ts";
import { intercept } from "../../storage/intercept.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { type ObjectKey, type ObjectStore, parseObjectKey } from "../../storage/object-store.ts";
import { deleteForGood, sweepRemoved } from "./deletion.ts";

const HOUR_MS = 3_600_000;
const SNAPSHOT = parseObjectKey(`snapshots/${"ab".repeat(32)}`);
const LOCK = parseObjectKey(`locks/${"cd".repeat(32)}`);

async function versionsOf(store: ObjectStore, key: ObjectKey | "" = ""): Promise<number> {
  return (await Array.fromAsync(store.versions?.list(key) ?? [])).length;
}

async function holding(clock: FakeClock, retainUntilMs?: number): Promise<MemoryStore> {
  const store = new MemoryStore({ clock, versioned: true });
  await store.put(SNAPSHOT, Buffer.from("x"), { retainUntilMs });
  return store;
}

test("deleteForGood() leaves neither versions nor markers, and nothing of other keys", async () => {
  const clock = new FakeClock();
  const store = await holding(clock);
  await store.delete(SNAPSHOT);
  await store.put(SNAPSHOT, Buffer.from("x"));
  const neighbour = parseObjectKey(`${SNAPSHOT}2`);
  await store.put(neighbour, Buffer.from("y"));
  assert.deepEqual(await deleteForGood(store, SNAPSHOT, { clock }), { kind: "deleted" });
  assert.deepEqual(await Array.fromAsync(store.list(""), ({ key }) => key), [neighbour]);
  assert.equal(await versionsOf(store), 1);
});

test("deleteForGood() leaves what is under retention in sight until that ends", async () => {
  const clock = new FakeClock();
  const untilMs = clock.now() + HOUR_MS;
  const store = await holding(clock, untilMs);
  assert.deepEqual(await deleteForGood(store, SNAPSHOT, { clock }), { kind: "kept", untilMs });
  assert.equal((await store.get(SNAPSHOT)).length, 1);
  await clock.advance(HOUR_MS);
  assert.deepEqual(await deleteForGood(store, SNAPSHOT, { clock }), { kind: "deleted" });
  assert.equal(await versionsOf(store), 0);
});

test("deleteForGood() keeps what is under legal hold for ever", async () => {
  const clock = new FakeClock();
  const store = await holding(clock);
  await store.locking?.setLegalHold(SNAPSHOT, true);
  assert.deepEqual(await deleteForGood(store, SNAPSHOT, { clock }), { kind: "kept", untilMs: Number.POSITIVE_INFINITY });
});

test("deleteForGood() is a plain delete on a store without Object Lock", async () => {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock });
  await store.put(SNAPSHOT, Buffer.from("x"));
  assert.deepEqual(await deleteForGood(store, SNAPSHOT, { clock }), { kind: "deleted" });
  assert.deepEqual(await Array.fromAsync(store.list("")), []);
});

test("deleteForGood() brings nothing back into sight when it is cut off", async () => {
  for (const deletions of [1, 2]) {
    const clock = new FakeClock();
    const store = await holding(clock);
    await store.put(SNAPSHOT, Buffer.from("again"));
    await store.delete(SNAPSHOT);
    let left = deletions;
    const cutOff = faulty(store, ({ name }) => (name === "delete" && left-- === 0 ? "refused" : undefined));
    await assert.rejects(deleteForGood(cutOff, SNAPSHOT, { clock }), { kind: "unavailable" });
    assert.deepEqual(await Array.fromAsync(store.list("")), []);
    assert.equal(await versionsOf(store), 3 - deletions);
  }
});

test("deleteForGood() hides what nothing protects with credentials that may not delete versions", async () => {
  const clock = new FakeClock();
  const store = await holding(clock);
  const locked = parseObjectKey(`snapshots/${"cd".repeat(32)}`);
  const untilMs = clock.now() + HOUR_MS;
  await store.put(locked, Buffer.from("x"), { retainUntilMs: untilMs });
  const { versions, locking } = store;
  assert.ok(versions);
  const refuse = async (): Promise<never> => {
    throw new DomainError("forbidden", "storage_forbidden", "Cannot delete a version: not with these credentials");
  };
  const limited: ObjectStore = {
    ...intercept(store, (_, call) => call()),
    versions: { ...versions, list: (prefix) => versions.list(prefix), delete: refuse },
    locking,
  };
  assert.deepEqual(await deleteForGood(limited, SNAPSHOT, { clock }), { kind: "deleted" });
  assert.deepEqual(await deleteForGood(limited, locked, { clock }), { kind: "kept", untilMs });
  assert.deepEqual(await Array.fromAsync(store.list(""), ({ key }) => key), [locked]);
});

test("sweepRemoved() removes what was deleted and is not protected, and nothing else", async () => {
  const clock = new FakeClock();
  const store = await holding(clock, clock.now() + HOUR_MS);
  const foreign = parseObjectKey("notes/deleted");
  const restic = parseObjectKey(`index/${"ef".repeat(32)}`);
  for (const key of [LOCK, foreign, restic]) {
    await store.put(key, Buffer.from("x"));
    await store.delete(key);
  }
  await store.delete(SNAPSHOT);
  assert.equal(await sweepRemoved(store, { clock }), 2);
  assert.deepEqual([await versionsOf(store, LOCK), await versionsOf(store, restic)], [0, 0]);
  assert.deepEqual([await versionsOf(store, SNAPSHOT), await versionsOf(store, foreign)], [2, 2], "locked, and none of ours");
});
