import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { DomainError } from "../base/errors.ts";
import type { Finding } from "../base/finding.ts";
import type { HexId } from "../base/ids.ts";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { faulty } from "../storage/faulty.ts";
import type { Operation } from "../storage/intercept.ts";
import { MemoryStore } from "../storage/memory.ts";
import type { ObjectKey, ObjectStore } from "../storage/object-store.ts";
import { CONFIG_KEY, type ContentNamedType, keyOfFile } from "./layout.ts";
import { readThrough } from "./read-through.ts";

const HOUR_MS = 3_600_000;

interface Bench {
  readonly clock: FakeClock;
  /** As somebody with the bucket's credentials has it. */
  readonly bucket: MemoryStore;
  readonly store: ObjectStore;
  readonly findings: readonly Finding[];
  /** What was asked of the bucket through `store`. */
  readonly calls: string[];
}

function bench(
  { asOfMs }: { readonly asOfMs?: number } = {},
  clock = new FakeClock(),
  bucket = new MemoryStore({ clock, versioned: true }),
): Bench {
  const findings: Finding[] = [];
  const calls: string[] = [];
  const noting = faulty(bucket, ({ name, key }: Operation) => void calls.push(`${name} ${key}`));
  const store = readThrough(noting, { clock, asOfMs, report: (finding) => void findings.push(finding) });
  return { clock, bucket, store, findings, calls };
}

/** Puts a file of that content under its name. */
async function put(bucket: ObjectStore, type: ContentNamedType, content: string, retainUntilMs?: number): Promise<ObjectKey> {
  const key = keyOfFile(type, createHash("sha256").update(content).digest("hex") as HexId);
  await bucket.put(key, Buffer.from(content), { retainUntilMs });
  return key;
}

async function text(got: Promise<Uint8Array>): Promise<string> {
  try {
    return Buffer.from(await got).toString();
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
}

function withoutLocking(store: ObjectStore): ObjectStore {
  return {
    url: store.url,
    put: async (key, body, options) => store.put(key, body, options),
    get: async (key, options) => store.get(key, options),
    info: async (key, options) => store.info(key, options),
    list: (prefix, options) => store.list(prefix, options),
    delete: async (key, options) => store.delete(key, options),
    versions: store.versions,
    [Symbol.asyncDispose]: async () => store[Symbol.asyncDispose](),
  };
}

async function keysOf(store: ObjectStore, prefix = ""): Promise<string[]> {
  return Array.fromAsync(store.list(prefix), ({ key }) => key);
}

test("a deleted object under retention is read, listed and described as before, and reported once", async () => {
  const { bucket, store, findings, clock } = bench();
  const key = await put(bucket, "snapshots", "snapshot", clock.now() + HOUR_MS);
  await bucket.delete(key);
  assert.equal(await text(store.get(key)), "snapshot");
  assert.equal(await text(store.get(key, { range: { offset: 4, length: 3 } })), "sho");
  assert.equal((await store.info(key)).sizeBytes, 8);
  assert.deepEqual(await keysOf(store, "snapshots/"), [key]);
  await keysOf(store, "snapshots/");
  const found = findings.map(({ grade, code, object }) => `${grade} ${code} ${object}`);
  assert.deepEqual(found, [`critical locked_object_hidden ${key}`, "critical locked_object_hidden snapshots/"]);
});

test("what was deleted and is not protected, or no longer, stays deleted", async () => {
  const { bucket, store, findings, clock } = bench();
  const keys = [await put(bucket, "snapshots", "never"), await put(bucket, "data", "expired", clock.now() + HOUR_MS)];
  for (const key of keys) await bucket.delete(key);
  await clock.advance(HOUR_MS);
  for (const key of keys) assert.equal(await text(store.get(key)), "object_not_found");
  assert.deepEqual(await keysOf(store), []);
  assert.deepEqual(findings, []);
});

test("a deleted object under legal hold still counts as there", async () => {
  const { bucket, store } = bench();
  const key = await put(bucket, "snapshots", "held");
  await bucket.locking?.setLegalHold(key, true);
  await bucket.delete(key);
  assert.equal(await text(store.get(key)), "held");
});

test("other bytes over an object are seen through, whatever their length", async () => {
  const { bucket, store, findings, clock } = bench();
  const key = await put(bucket, "index", "index file", clock.now() + HOUR_MS);
  for (const other of ["same size!", "a longer one than it was", ""]) {
    await bucket.put(key, Buffer.from(other));
    assert.equal(await text(bench({}, clock, bucket).store.get(key)), "index file", other);
    const [listed] = await Array.fromAsync(bench({}, clock, bucket).store.list("index/"));
    assert.equal(listed?.sizeBytes, 10, "the size of what is meant");
  }
  assert.equal(await text(store.get(key)), "index file");
  assert.deepEqual(
    findings.map(({ code }) => code),
    ["object_overwritten"],
  );
});

test("parts of a pack are right, whatever lies over it, and the packs beside it are listed once for that", async () => {
  const { bucket, store, clock, calls } = bench();
  const key = await put(bucket, "data", "0123456789", clock.now() + HOUR_MS);
  const range = { offset: 6, length: 4 };
  await bucket.put(key, Buffer.from("just as long as before".slice(0, 10)));
  assert.equal(await text(store.get(key, { range })), "6789");
  assert.equal(await text(store.get(key, { range })), "6789");
  assert.equal(calls.filter((call) => call === `list data/${key.slice(5, 7)}/`).length, 3, "two versions, and the end");
  const { store: listing, calls: later } = bench({}, clock, bucket);
  await keysOf(listing, "data/");
  later.length = 0;
  assert.equal(await text(listing.get(key, { range })), "6789");
  assert.ok(!later.includes(`list data/${key.slice(5, 7)}/`), "a list of all shows that there are several contents");
  await bucket.put(key, Buffer.from("tooshort"));
  const { store: other } = bench({}, clock, bucket);
  assert.equal(await text(other.get(key, { range })), "6789");
});

test("a list that failed is asked for again", async () => {
  const { bucket, clock } = bench();
  const key = await put(bucket, "data", "0123456789", clock.now() + HOUR_MS);
  await bucket.put(key, Buffer.from("9876543210"));
  let failures = 1;
  const failing = faulty(bucket, ({ name }) => {
    if (name === "list" && failures-- > 0) throw new DomainError("unavailable", "storage_unavailable", "once");
  });
  const store = readThrough(failing, { clock, report: () => undefined });
  assert.equal(await text(store.get(key, { range: { offset: 1, length: 2 } })), "storage_unavailable");
  assert.equal(await text(store.get(key, { range: { offset: 1, length: 2 } })), "12");
});

test("parts of a pack on a bucket with versions, but no Object Lock, are right after the whole pack was read", async () => {
  const { bucket, clock } = bench();
  const key = await put(bucket, "data", "0123456789");
  await bucket.put(key, Buffer.from("9876543210"));
  const store = readThrough(withoutLocking(bucket), { clock, report: () => undefined });
  const range = { offset: 6, length: 4 };
  assert.equal(await text(store.get(key, { range })), "3210", "nothing shows that this is wrong");
  assert.equal(await text(store.get(key)), "0123456789");
  assert.equal(await text(store.get(key, { range })), "6789");
});

test("what was put right again is not reported, although wrong versions are kept below", async () => {
  const { bucket, store, findings, clock } = bench();
  const key = await put(bucket, "data", "0123456789", clock.now() + HOUR_MS);
  await bucket.put(key, Buffer.from("abcdefghij"));
  await put(bucket, "data", "0123456789");
  await keysOf(store, "data/");
  assert.equal(await text(store.get(key, { range: { offset: 1, length: 2 } })), "12");
  assert.deepEqual(findings, []);
});

test("an object of which no version is right is given as it is", async () => {
  const { bucket, store, clock } = bench();
  const key = keyOfFile("index", "ab".repeat(32) as HexId);
  await bucket.put(key, Buffer.from("wrong"), { retainUntilMs: clock.now() + HOUR_MS });
  assert.equal(await text(store.get(key)), "wrong");
});

test("locks and foreign objects are taken as they come", async () => {
  const { bucket, store, clock } = bench();
  const lock = await put(bucket, "locks", "lock", clock.now() + HOUR_MS);
  await bucket.delete(lock);
  assert.equal(await text(store.get(lock)), "object_not_found");
  assert.deepEqual(await keysOf(store, "locks/"), []);
  assert.deepEqual(await keysOf(store), []);
});

test("a deleted config under retention is read from its oldest version", async () => {
  const { bucket, store, clock } = bench();
  await bucket.put(CONFIG_KEY, Buffer.from("ours"), { retainUntilMs: clock.now() + HOUR_MS });
  await bucket.put(CONFIG_KEY, Buffer.from("theirs"));
  assert.equal(await text(store.get(CONFIG_KEY)), "theirs", "only its reader can tell");
  await bucket.delete(CONFIG_KEY);
  assert.equal(await text(store.get(CONFIG_KEY)), "ours");
});

test("little more is asked than without it as long as nothing is wrong", async () => {
  const { bucket, store, calls, clock } = bench();
  const key = await put(bucket, "data", "pack", clock.now() + HOUR_MS);
  await store.get(key);
  for (const offset of [0, 1, 2]) await store.get(key, { range: { offset, length: 2 } });
  await store.info(key);
  const looking = calls.filter((call) => call.startsWith("list "));
  assert.equal(looking.length, 2, "the packs beside, once: one, and the end");
  assert.deepEqual(
    calls.filter((call) => !looking.includes(call)),
    [`get ${key}`, `get ${key}`, `get ${key}`, `get ${key}`, `info ${key}`],
  );
  calls.length = 0;
  await keysOf(store, "data/");
  assert.deepEqual(calls, ["list data/", "list data/"], "one object, and the end");
});

test("with a moment, everything is as it was then", async () => {
  const { bucket, clock } = bench();
  const kept = await put(bucket, "snapshots", "kept");
  const deleted = await put(bucket, "snapshots", "deleted later");
  const deletedBefore = await put(bucket, "snapshots", "deleted before");
  await bucket.delete(deletedBefore);
  await bucket.put(CONFIG_KEY, Buffer.from("then"));
  await clock.advance(1_000);
  const asOfMs = clock.now();
  await clock.advance(1_000);
  await bucket.delete(deleted);
  await bucket.put(CONFIG_KEY, Buffer.from("now"));
  const later = await put(bucket, "snapshots", "later");
  const { store, findings } = bench({ asOfMs }, clock, bucket);
  assert.deepEqual(await keysOf(store, "snapshots/"), [kept, deleted].toSorted());
  assert.deepEqual([await text(store.get(deleted)), await text(store.get(CONFIG_KEY))], ["deleted later", "then"]);
  assert.deepEqual([await text(store.get(later)), await text(store.get(deletedBefore))], ["object_not_found", "object_not_found"]);
  assert.deepEqual(findings, []);
});

test("delete() removes for good, and leaves what is under retention in sight", async () => {
  const { bucket, store, clock } = bench();
  const held = await put(bucket, "snapshots", "held", clock.now() + HOUR_MS);
  const free = await put(bucket, "snapshots", "free");
  await assert.rejects(store.delete(held), { kind: "forbidden", code: "object_locked" });
  await store.delete(free);
  assert.deepEqual(await keysOf(bucket), [held]);
  assert.equal((await Array.fromAsync(bucket.versions?.list("") ?? [])).length, 1);
});

test("put() is seen at once, also over what was seen through", async () => {
  const { bucket, store, clock } = bench();
  await bucket.put(CONFIG_KEY, Buffer.from("old"), { retainUntilMs: clock.now() + HOUR_MS });
  await bucket.delete(CONFIG_KEY);
  assert.equal(await text(store.get(CONFIG_KEY)), "old");
  await store.put(CONFIG_KEY, Buffer.from("new"));
  assert.equal(await text(store.get(CONFIG_KEY)), "new");
});

test("a store without versions is left as it is", () => {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock });
  assert.equal(readThrough(store, { clock, report: () => undefined }), store);
});
