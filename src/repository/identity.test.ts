import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { MemoryStore } from "../storage/memory.ts";
import { newIdentity, readIdentity, writeIdentity } from "./identity.ts";
import { IDENTITY_KEY, spareOf } from "./layout.ts";

const newStore = (): MemoryStore => new MemoryStore({ clock: new FakeClock() });

test("writeIdentity() gives it a spare, also to one that a killed init left without", async () => {
  const store = newStore();
  const identity = await writeIdentity(store, newIdentity());
  const bytes = await store.get(IDENTITY_KEY);
  assert.deepEqual(await store.get(spareOf(IDENTITY_KEY)), bytes);
  await store.delete(spareOf(IDENTITY_KEY));
  assert.deepEqual(await writeIdentity(store, newIdentity()), identity);
  assert.deepEqual(await store.get(spareOf(IDENTITY_KEY)), bytes);
});

test("writeIdentity() keeps what readIdentity() gives", async () => {
  const store = newStore();
  const identity = newIdentity();
  assert.deepEqual(await writeIdentity(store, identity), identity);
  assert.deepEqual(await readIdentity(store), identity);
  assert.equal(identity.salt.length, 32);
});

test("writeIdentity() never replaces one, and gives the one that is there", async () => {
  const store = newStore();
  const first = await writeIdentity(store, newIdentity());
  assert.deepEqual(await writeIdentity(store, newIdentity()), first);
  assert.deepEqual(await readIdentity(store), first);
});

test("readIdentity() gives nothing where there is none", async () => {
  assert.equal(await readIdentity(newStore()), undefined);
});

test("readIdentity() reads what the first version wrote", async () => {
  const store = newStore();
  const [id, salt] = ["7969ec0fcb8b648dfde24b1d0ae24568d398dcc3a83b80a850f973238cdfd3d9", "cd".repeat(32)];
  await store.put(IDENTITY_KEY, Buffer.from(`{"format":"holdfast-repository","version":1,"id":"${id}","salt":"${salt}","more":1}\n`));
  assert.deepEqual(await readIdentity(store), { id, salt: new Uint8Array(32).fill(0xcd) });
});

const good = {
  format: "holdfast-repository",
  version: 1,
  id: "4ca14526b2751b640d549ce7caf8ac39438592211a0ec370064d57666a682ad6",
  salt: "b".repeat(64),
};
for (const [what, text] of Object.entries({
  "no JSON": "{",
  "bytes that are no UTF-8": "\xff",
  "a list": "[]",
  null: "null",
  "something else": JSON.stringify({ ...good, format: "other" }),
  "no salt": JSON.stringify({ ...good, salt: undefined }),
  "a short salt": JSON.stringify({ ...good, salt: "bb" }),
  "an id in capitals": JSON.stringify({ ...good, id: good.id.toUpperCase() }),
  "another digit in the salt": JSON.stringify({ ...good, salt: good.salt.replace("b", "c") }),
  "another digit in the id": JSON.stringify({ ...good, id: "0".repeat(64) }),
  "too much": JSON.stringify({ ...good, more: "x".repeat(5_000) }),
})) {
  test(`readIdentity() refuses ${what}`, async () => {
    const store = newStore();
    await store.put(IDENTITY_KEY, Buffer.from(text, "latin1"));
    await assert.rejects(readIdentity(store), { kind: "corrupt", code: "repository_identity" });
  });
}

test("readIdentity() refuses a newer version", async () => {
  const store = newStore();
  await store.put(IDENTITY_KEY, Buffer.from(JSON.stringify({ ...good, version: 2 })));
  await assert.rejects(readIdentity(store), { kind: "unsupported", code: "repository_identity_version" });
});
