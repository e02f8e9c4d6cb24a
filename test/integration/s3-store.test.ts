/** The S3 store against a real server: versioning, Object Lock and create-only puts are the server's, not a fake's. */
import assert from "node:assert/strict";
import { hash, randomBytes } from "node:crypto";
import { test, type TestContext } from "node:test";
import { createBucket } from "../../dev/s3/bucket.ts";
import { startS3Server } from "../../dev/s3/server.ts";
import { type S3Credentials, signedFetch } from "../../dev/s3/signed-fetch.ts";
import { systemClock } from "../../src/base/clock.ts";
import { DomainError } from "../../src/base/errors.ts";
import { type ObjectKey, type ObjectVersions, parseObjectKey } from "../../src/storage/object-store.ts";
import { openS3Store, type S3Store, type S3StoreOptions } from "../../src/storage/s3/store.ts";
import { parseS3Url } from "../../src/storage/s3/url.ts";
import { type Bucket, environment } from "../support/environment.ts";

const HOUR_MS = 3_600_000;
const key = parseObjectKey;

/** With a prefix whose characters need encoding. */
async function open(t: TestContext, { server, name }: Bucket, options: S3StoreOptions = {}): Promise<S3Store> {
  const location = parseS3Url(`s3://${name}/team%20ä/+?endpoint=${server.endpoint}`, {});
  const store = await openS3Store(location, { credentials: () => Promise.resolve(server), environment: {}, signal: t.signal, ...options });
  t.after(() => store[Symbol.asyncDispose]());
  return store;
}

async function openNew(t: TestContext, options: { readonly objectLock?: boolean } = {}): Promise<S3Store> {
  return open(t, await environment(t).bucket(options));
}

function text(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "done";
  } catch (error) {
    return error instanceof DomainError ? `${error.kind}/${error.code}` : String(error);
  }
}

test("put(), get() and info() keep bytes, names, sizes and times", async (t) => {
  const store = await openNew(t);
  const names = ["a", "data/ab/cd", "with space", "ü/+&=%2F~'()*!", "😀", "x".repeat(200)].map(key);
  const startMs = systemClock.now();
  for (const name of names) await store.put(name, Buffer.from(name));
  for (const name of names) assert.equal(text(await store.get(name)), name);
  const info = await store.info(key("data/ab/cd"));
  assert.equal(info.sizeBytes, 10);
  assert.ok(Math.abs(info.modifiedMs - startMs) < 10_000);
  assert.deepEqual((await Array.fromAsync(store.list(""))).map((object) => object.key).toSorted(), names.toSorted());
  await store.put(key("empty"), new Uint8Array(0));
  assert.equal((await store.get(key("empty"))).length, 0);
});

test("put() sends a large body whole, with the hash that it is given", async (t) => {
  const store = await openNew(t);
  const body = randomBytes(9_000_001);
  await store.put(key("large"), body, { sha256: hash("sha256", body, "buffer") });
  assert.ok(body.equals(await store.get(key("large"))));
  assert.notEqual(await outcome(store.put(key("wrong"), body, { sha256: randomBytes(32) })), "done");
  assert.equal(await outcome(store.info(key("wrong"))), "not-found/object_not_found");
  assert.deepEqual(store.traffic, {
    requests: { DELETE: 0, GET: 2, HEAD: 1, PUT: 2 },
    bytesSent: 2 * body.length,
    bytesReceived: store.traffic.bytesReceived,
  });
  assert.ok(store.traffic.bytesReceived > body.length && store.traffic.bytesReceived < body.length + 4_000);
});

test("get() gives ranges, and refuses what the object does not have", async (t) => {
  const store = await openNew(t);
  await store.put(key("a"), Buffer.from("0123456789"));
  const part = async (offset: number, length: number): Promise<string> => text(await store.get(key("a"), { range: { offset, length } }));
  assert.deepEqual([await part(0, 1), await part(3, 4), await part(0, 10), await part(10, 0)], ["0", "3456", "0123456789", ""]);
  for (const [offset, length] of [
    [9, 2],
    [10, 1],
    [11, 0],
    [100, 5],
  ] as const) {
    assert.equal(await outcome(part(offset, length)), "corrupt/storage_torn", `${offset}+${length}`);
  }
  assert.equal(await outcome(store.get(key("none"))), "not-found/object_not_found");
});

test("list() pages over 1,100 objects in the order of their bytes, and keeps to the prefix", async (t) => {
  const bucket = await environment(t).bucket();
  const store = await open(t, bucket);
  const names = Array.from({ length: 1_100 }, (_, index) => `data/${hash("sha256", String(index))}`).toSorted();
  await Promise.all([...names, "data.old", "other/a"].map((name) => store.put(key(name), Buffer.from("x"))));
  const keys = async (prefix: string): Promise<string[]> => (await Array.fromAsync(store.list(prefix))).map((object) => object.key);
  const before = store.traffic.requests.GET;
  assert.deepEqual(await keys(""), ["data.old", ...names, "other/a"]);
  assert.equal(store.traffic.requests.GET - before, 2);
  assert.deepEqual(await keys("data/"), names);
  assert.deepEqual(
    await keys("data/0"),
    names.filter((name) => name.startsWith("data/0")),
  );
  assert.deepEqual(await keys("nothing"), []);
});

test("list() leaves out what lies beside its prefix, and names that are no keys", async (t) => {
  const bucket = await environment(t).bucket();
  const store = await open(t, bucket);
  const beside = parseS3Url(`s3://${bucket.name}?endpoint=${bucket.server.endpoint}`, {});
  await using whole = await openS3Store(beside, { credentials: () => Promise.resolve(bucket.server), environment: {} });
  await whole.put(key("team ä/other"), Buffer.from("x"));
  await signedFetch(bucket.server, { method: "PUT", path: `/${bucket.name}/team ä/+/folder/` });
  await store.put(key("a"), Buffer.from("x"));
  assert.deepEqual(
    (await Array.fromAsync(store.list(""))).map((object) => object.key),
    ["a"],
  );
});

test("put() with ifAbsent has one winner of twenty, and the others are told", async (t) => {
  const store = await openNew(t);
  const bodies = Array.from({ length: 20 }, (_, index) => Buffer.from(String(index)));
  const outcomes = await Promise.all(bodies.map((body) => outcome(store.put(key("lock"), body, { ifAbsent: true }))));
  assert.equal(outcomes.filter((it) => it === "done").length, 1, outcomes.join());
  assert.equal(text(await store.get(key("lock"))), String(outcomes.indexOf("done")));
  assert.equal(await outcome(store.put(key("lock"), Buffer.from("late"), { ifAbsent: true })), "conflict/object_exists");
});

test("delete() removes, and does not mind what is not there", async (t) => {
  const store = await openNew(t);
  await store.put(key("a"), Buffer.from("x"));
  await store.delete(key("a"));
  await store.delete(key("a"));
  assert.equal(await outcome(store.info(key("a"))), "not-found/object_not_found");
  assert.deepEqual([store.versions, store.locking], [undefined, undefined]);
  assert.equal(
    await outcome(store.put(key("a"), Buffer.from("x"), { retainUntilMs: systemClock.now() + HOUR_MS })),
    "unsupported/object_lock",
  );
});

async function versionsOf(versions: ObjectVersions, prefix: string): Promise<string[]> {
  const all = await Array.fromAsync(versions.list(prefix));
  const what = all.map(async (it) => (it.isDeleteMarker ? "marker" : text(await versions.get(it.key, it.version))));
  return (await Promise.all(what)).map((content, at) => `${all[at]?.key}: ${content}${all[at]?.isLatest === true ? " (latest)" : ""}`);
}

test("versions keep what was replaced and hidden, the newest first", async (t) => {
  const store = await openNew(t, { objectLock: true });
  const versions = store.versions ?? assert.fail("no versions");
  for (const content of ["one", "two", "three"]) await store.put(key("b"), Buffer.from(content));
  await store.put(key("a"), Buffer.from("hidden"));
  await store.delete(key("a"));
  await store.put(key("c"), Buffer.from("only"));
  const all = ["a: marker (latest)", "a: hidden", "b: three (latest)", "b: two", "b: one", "c: only (latest)"];
  assert.deepEqual(await versionsOf(versions, ""), all);
  assert.deepEqual(await versionsOf(versions, "c"), all.slice(-1));
  assert.equal(await outcome(store.get(key("a"))), "not-found/object_not_found");
  assert.deepEqual(
    (await Array.fromAsync(store.list(""))).map((object) => object.key),
    ["b", "c"],
  );

  const [marker, hidden] = await Array.fromAsync(versions.list("a"));
  assert.ok(marker !== undefined && hidden !== undefined);
  assert.equal(await outcome(versions.get(key("a"), marker.version)), "not-found/object_not_found");
  await versions.delete(key("a"), marker.version);
  assert.equal(text(await store.get(key("a"))), "hidden");
  assert.equal(text(await versions.get(key("a"), hidden.version, { range: { offset: 1, length: 2 } })), "id");
  await versions.delete(key("a"), hidden.version);
  await versions.delete(key("a"), hidden.version);
  assert.deepEqual(await versionsOf(versions, "a"), []);
  assert.equal(await outcome(versions.get(key("a"), hidden.version)), "not-found/object_not_found");
});

test("versions list pages over 1,100 versions", async (t) => {
  const store = await openNew(t, { objectLock: true });
  const versions = store.versions ?? assert.fail("no versions");
  for (let round = 0; round < 11; round++) {
    await Promise.all(Array.from({ length: 100 }, (_, index) => store.put(key(`k${index + 100}`), Buffer.from(String(round)))));
  }
  const all = await Array.fromAsync(versions.list(""));
  assert.equal(new Set(all.map((it) => `${it.key} ${it.version}`)).size, 1_100);
  assert.deepEqual(
    all.map((it) => it.key),
    all.map((it) => it.key).toSorted(),
  );
  assert.equal(all.filter((it) => it.isLatest).length, 100);
  assert.ok(all.every((it, at) => it.isLatest === (it.key !== all[at - 1]?.key)));
});

test("a version under retention cannot be deleted or shortened, only extended", async (t) => {
  const store = await openNew(t, { objectLock: true });
  const { versions, locking } = store;
  assert.ok(versions !== undefined && locking !== undefined);
  const untilMs = Math.ceil((systemClock.now() + HOUR_MS) / 1_000) * 1_000;
  const locked = key("locked");
  await store.put(locked, Buffer.from("kept"), { retainUntilMs: untilMs - 1, ifAbsent: true });
  const [version] = await Array.fromAsync(versions.list("locked"));
  assert.ok(version !== undefined);
  assert.equal(await locking.retainedUntilMs(locked), untilMs);
  assert.equal(await outcome(versions.delete(locked, version.version)), "forbidden/object_locked");
  assert.equal(await outcome(locking.retainUntil(locked, untilMs - HOUR_MS / 2)), "forbidden/object_locked");
  await locking.retainUntil(locked, untilMs + HOUR_MS, version.version);
  assert.equal(await locking.retainedUntilMs(locked, version.version), untilMs + HOUR_MS);
  await store.delete(locked); // hides it only
  assert.equal(text(await versions.get(locked, version.version)), "kept");
});

test("a legal hold keeps a version until it is lifted", async (t) => {
  const store = await openNew(t, { objectLock: true });
  const { versions, locking } = store;
  assert.ok(versions !== undefined && locking !== undefined);
  const held: ObjectKey = key("held");
  await store.put(held, Buffer.from("x"));
  assert.deepEqual([await locking.hasLegalHold(held), await locking.retainedUntilMs(held)], [false, undefined]);
  await locking.setLegalHold(held, true);
  assert.equal(await locking.hasLegalHold(held), true);
  const [version] = await Array.fromAsync(versions.list(""));
  assert.ok(version !== undefined);
  assert.equal(await outcome(versions.delete(held, version.version)), "forbidden/object_locked");
  await locking.setLegalHold(held, false, version.version);
  await versions.delete(held, version.version);
  assert.equal(await outcome(locking.retainedUntilMs(held)), "not-found/object_not_found");
});

test("openS3Store() tells wrong credentials, a missing bucket and a stopped server apart", async (t) => {
  await using server = await startS3Server();
  await createBucket(server, "bucket");
  const opening = (name: string, by: S3Credentials): Promise<S3Store> =>
    open(t, { server, name }, { credentials: () => Promise.resolve(by) });
  const wrongSecret = { ...server, secretAccessKey: "not-the-secret" };
  for (const by of [wrongSecret, { ...server, accessKeyId: "nobody" }]) {
    await assert.rejects(opening("bucket", by), { kind: "unauthenticated", code: "storage_credentials" });
  }
  await assert.rejects(opening("missing", server), { kind: "not-found", code: "bucket_not_found", hint: /Create the bucket/ });
  const store = await opening("bucket", server);
  await server.stop();
  await assert.rejects(store.put(key("a"), Buffer.from("x")), {
    kind: "unavailable",
    code: "storage_unavailable",
    message: /ECONN|closed/,
  });
  await assert.rejects(opening("bucket", server), { kind: "unavailable", message: /\(ECONNREFUSED\)$/ });
});

test("a call with an aborted signal rejects with its reason", async (t) => {
  const store = await openNew(t);
  const reason = new DomainError("cancelled", "cancelled", "Cancelled");
  const abort = new AbortController();
  const putting = store.put(key("a"), randomBytes(8_000_000), { signal: abort.signal });
  abort.abort(reason);
  await assert.rejects(putting, reason);
  await assert.rejects(Array.fromAsync(store.list("", { signal: abort.signal })), reason);
});
