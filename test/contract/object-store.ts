/** The contract of src/storage/object-store.ts as tests; every implementation and every decorator must pass them. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { DomainError } from "../../src/base/errors.ts";
import { fc } from "../../src/base/testing/property.ts";
import {
  type ObjectKey,
  type ObjectLocking,
  type ObjectStore,
  type ObjectVersions,
  parseObjectKey,
} from "../../src/storage/object-store.ts";
import { compareKeys } from "../../src/storage/order.ts";

export interface StoreUnderTest {
  readonly name: string;
  readonly skip?: string | false;
  /** A server's fault, known and harmless to us: it takes a key that was deleted for one that is taken. */
  readonly refusesCreateAfterDelete?: boolean;
  /** A new, empty store each time; what goes with it, a folder for example, is left to `owned`. */
  readonly open: (owned: AsyncDisposableStack) => Promise<ObjectStore>;
}

const key = parseObjectKey;
const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (body: Uint8Array): string => Buffer.from(body).toString();

async function keysOf(items: AsyncIterable<{ readonly key: string }>): Promise<string[]> {
  return (await Array.fromAsync(items)).map((item) => item.key);
}

export async function rejectsWith(promise: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(promise, (error) => error instanceof DomainError && (assert.equal(error.code, code), true));
}

export function testObjectStore({ name, skip = false, open, refusesCreateAfterDelete = false }: StoreUnderTest): void {
  const contract = (what: string, body: (store: ObjectStore) => Promise<void>): void => {
    test(`${name}: ${what}`, { skip }, async () => {
      await using owned = new AsyncDisposableStack();
      const store = owned.use(await open(owned));
      await body(store);
    });
  };

  contract("gives back what was put, byte for byte, whole and in ranges", async (store) => {
    for (const sizeBytes of [0, 1, 100_000, 5_000_000]) {
      const body = randomBytes(sizeBytes);
      const at = key(`data/${sizeBytes}`);
      await store.put(at, body, { sha256: createHash("sha256").update(body).digest() });
      assert.deepEqual(Buffer.from(await store.get(at)), body);
      const info = await store.info(at);
      assert.deepEqual([info.key, info.sizeBytes], [at, sizeBytes]);
      if (sizeBytes < 2) continue;
      const range = { offset: 1, length: sizeBytes - 2 };
      assert.deepEqual(Buffer.from(await store.get(at, { range })), body.subarray(1, -1));
    }
  });

  contract("refuses an object that is longer than is wanted", async (store) => {
    await store.put(key("five"), bytes("12345"));
    assert.equal(text(await store.get(key("five"), { maxBytes: 5 })), "12345");
    await rejectsWith(store.get(key("five"), { maxBytes: 4 }), "storage_too_long");
    const [version] = await Array.fromAsync(store.versions?.list("five") ?? []);
    if (version === undefined) return;
    await rejectsWith(store.versions?.get(key("five"), version.version, { maxBytes: 4 }) ?? Promise.resolve(), "storage_too_long");
  });

  contract("refuses a range that ends after the object", async (store) => {
    await store.put(key("short"), bytes("12345"));
    await rejectsWith(store.get(key("short"), { range: { offset: 3, length: 3 } }), "storage_torn");
    await rejectsWith(store.get(key("short"), { range: { offset: 9, length: 1 } }), "storage_torn");
  });

  contract("says what is not there", async (store) => {
    await rejectsWith(store.get(key("no/such/object")), "object_not_found");
    await rejectsWith(store.info(key("no/such/object")), "object_not_found");
    await store.delete(key("no/such/object"));
    await store.put(key("folder/object"), bytes("x"));
    await rejectsWith(store.get(key("folder")), "object_not_found");
  });

  contract("replaces an object at once, and keeps no alias of the caller's bytes", async (store) => {
    const body = Buffer.from("first");
    await store.put(key("object"), body);
    body.fill("x");
    assert.equal(text(await store.get(key("object"))), "first");
    await store.put(key("object"), bytes("second"));
    assert.equal(text(await store.get(key("object"))), "second");
  });

  contract("lets exactly one of many concurrent create-only puts win", async (store) => {
    const bodies = Array.from({ length: 20 }, (_, writer) => bytes(`writer ${writer}`));
    const results = await Promise.allSettled(bodies.map((body) => store.put(key("locks/one"), body, { ifAbsent: true })));
    const winners = results.flatMap((result, at) => (result.status === "fulfilled" ? [at] : []));
    assert.equal(winners.length, 1, "winners");
    assert.deepEqual(await store.get(key("locks/one")), await store.get(key("locks/one")));
    assert.equal(text(await store.get(key("locks/one"))), `writer ${winners[0]}`);
    for (const result of results) if (result.status === "rejected") await rejectsWith(Promise.reject(result.reason), "object_exists");
  });

  contract("shows and hides objects in lists as soon as a call has returned", async (store) => {
    assert.deepEqual(await keysOf(store.list("")), []);
    await store.put(key("a"), bytes("1"));
    assert.deepEqual(await keysOf(store.list("")), ["a"]);
    await store.delete(key("a"));
    assert.deepEqual(await keysOf(store.list("")), []);
    await rejectsWith(store.get(key("a")), "object_not_found");
  });

  contract("lists by prefix, in the order of UTF-8 bytes, with sizes", async (store) => {
    const names = [
      "data/00/x",
      "data/01/y",
      "data-x",
      "data",
      "Data",
      "index/ä",
      "index/\u{ff5e}",
      "index/\u{1f600}",
      "a b+c&d=e?f#g%h",
    ].filter((n) => n !== "data");
    for (const name_ of names) await store.put(key(name_), bytes(name_));
    const sorted = names.toSorted(compareKeys);
    assert.deepEqual(await keysOf(store.list("")), sorted);
    for (const prefix of ["data", "data/", "data/0", "data/01/", "index/", "none", "a b"]) {
      assert.deepEqual(
        await keysOf(store.list(prefix)),
        sorted.filter((candidate) => candidate.startsWith(prefix)),
        prefix,
      );
    }
    const after = key(sorted[2] ?? "");
    assert.deepEqual(await keysOf(store.list("", { after })), sorted.slice(3));
    for await (const info of store.list("")) assert.equal(info.sizeBytes, Buffer.byteLength(info.key));
  });

  contract("lists more objects than one page holds, and stops when nobody reads on", async (store) => {
    const names = Array.from({ length: 1_100 }, (_, at) => `many/${String(at).padStart(4, "0")}`);
    for (let at = 0; at < names.length; at += 50)
      await Promise.all(names.slice(at, at + 50).map((name_) => store.put(key(name_), bytes(""))));
    assert.deepEqual(await keysOf(store.list("many/")), names);
    for await (const { key: first } of store.list("many/")) {
      assert.equal(first, names[0]);
      break;
    }
  });

  contract("keeps to the signal", async (store) => {
    const signal = AbortSignal.abort(new DomainError("cancelled", "stop", "Cancelled"));
    await rejectsWith(store.put(key("a"), bytes("1"), { signal }), "stop");
    await rejectsWith(store.get(key("a"), { signal }), "stop");
    assert.deepEqual(await keysOf(store.list("")), []);
  });

  contract("agrees with a model over any sequence of calls", async (store) => {
    const name_ = fc.constantFrom("a", "b/c", "b/d", "e").map(key);
    const body = fc.uint8Array({ maxLength: 20 });
    const put = fc.record({ do: fc.constant("put" as const), key: name_, body });
    const create = fc.record({ do: fc.constant("create" as const), key: name_, body });
    const remove = fc.record({ do: fc.constant("delete" as const), key: name_ });
    const call = refusesCreateAfterDelete ? fc.oneof(put, remove) : fc.oneof(put, create, remove);
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 12 }), async (calls) => {
        for (const left of await keysOf(store.list(""))) await store.delete(key(left));
        const model = new Map<ObjectKey, Uint8Array>();
        for (const step of calls) {
          if (step.do === "delete") {
            await store.delete(step.key);
            model.delete(step.key);
          } else if (step.do === "create" && model.has(step.key)) {
            await rejectsWith(store.put(step.key, step.body, { ifAbsent: true }), "object_exists");
          } else {
            await store.put(step.key, step.body, { ifAbsent: step.do === "create" });
            model.set(step.key, step.body);
          }
        }
        assert.deepEqual(await keysOf(store.list("")), [...model.keys()].toSorted(compareKeys));
        for (const [at, kept] of model) assert.deepEqual(Buffer.from(await store.get(at)), Buffer.from(kept));
      }),
      { numRuns: 25 },
    );
  });
}

/** For stores that keep versions and can lock them. */
export function testLockingStore({ name, skip = false, open }: StoreUnderTest): void {
  const contract = (what: string, body: (store: ObjectStore, versions: ObjectVersions, locking: ObjectLocking) => Promise<void>): void => {
    test(`${name}: ${what}`, { skip }, async () => {
      await using owned = new AsyncDisposableStack();
      const store = owned.use(await open(owned));
      assert.ok(store.versions !== undefined && store.locking !== undefined, "offers versions and locking");
      await body(store, store.versions, store.locking);
    });
  };

  contract("keeps what was replaced and hidden, the newest version first", async (store, versions) => {
    await store.put(key("a/1"), bytes("old"));
    await store.put(key("a/1"), bytes("new"));
    await store.delete(key("a/1"));
    await store.put(key("a/2"), bytes("other"));
    await rejectsWith(store.get(key("a/1")), "object_not_found");
    assert.deepEqual(await keysOf(store.list("a/")), ["a/2"]);

    const all = await Array.fromAsync(versions.list("a/"));
    assert.deepEqual(
      all.map((version) => [version.key, version.isLatest, version.isDeleteMarker]),
      [
        ["a/1", true, true],
        ["a/1", false, false],
        ["a/1", false, false],
        ["a/2", true, false],
      ],
    );
    const [marker, newer, older] = all;
    assert.ok(marker !== undefined && newer !== undefined && older !== undefined);
    assert.equal(text(await versions.get(newer.key, newer.version)), "new");
    assert.equal(text(await versions.get(older.key, older.version)), "old");
    await versions.delete(marker.key, marker.version);
    assert.equal(text(await store.get(key("a/1"))), "new", "without its marker it is there again");
    await versions.delete(newer.key, newer.version);
    assert.equal(text(await store.get(key("a/1"))), "old");
  });

  contract("refuses to delete a retained version or to shorten its retention, and extends it", async (store, versions, locking) => {
    const untilMs = Math.ceil(Date.now() / 1000) * 1000 + 3_600_000;
    await store.put(key("kept"), bytes("x"), { retainUntilMs: untilMs });
    assert.equal(await locking.retainedUntilMs(key("kept")), untilMs);
    const [version] = await Array.fromAsync(versions.list("kept"));
    assert.ok(version);
    await rejectsWith(versions.delete(version.key, version.version), "object_locked");
    await rejectsWith(locking.retainUntil(key("kept"), untilMs - 60_000), "object_locked");
    await locking.retainUntil(key("kept"), untilMs + 60_000);
    assert.equal(await locking.retainedUntilMs(key("kept")), untilMs + 60_000);
    await store.delete(key("kept"));
    assert.equal(text(await versions.get(version.key, version.version)), "x", "a plain delete only hides it");
  });

  contract("refuses to delete a version under legal hold until that is lifted", async (store, versions, locking) => {
    await store.put(key("held"), bytes("x"));
    assert.equal(await locking.retainedUntilMs(key("held")), undefined);
    assert.equal(await locking.hasLegalHold(key("held")), false);
    await locking.setLegalHold(key("held"), true);
    assert.equal(await locking.hasLegalHold(key("held")), true);
    const [version] = await Array.fromAsync(versions.list("held"));
    assert.ok(version);
    await rejectsWith(versions.delete(version.key, version.version), "object_locked");
    await locking.setLegalHold(key("held"), false);
    await versions.delete(version.key, version.version);
    assert.deepEqual(await Array.fromAsync(versions.list("held")), []);
  });
}
