import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../base/finding.ts";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { MemoryStore } from "../storage/memory.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { initRepository } from "./init.ts";
import { CONFIG_KEY, IDENTITY_KEY, keyOfFile } from "./layout.ts";
import { retaining } from "./object-lock/immutability.ts";
import { deleteAll, overwriteAll } from "./object-lock/testing/tampering.ts";
import { readThrough } from "./read-through.ts";
import { openRepository, type Repository } from "./repository.ts";
import { SAMPLE_OWNER, SAMPLE_SECRET, SampleRepository } from "./testing/sample-repository.ts";
import { undelete, type UndeleteOptions } from "./undelete.ts";

const HOUR_MS = 3_600_000;

interface Bench {
  readonly clock: FakeClock;
  readonly bucket: MemoryStore;
  /** The bytes of every object, as they were before anybody tampered with them. */
  readonly contents: ReadonlyMap<string, string>;
}

/** A repository whose files are locked for an hour. */
async function bench(retentionMs = HOUR_MS): Promise<Bench> {
  const clock = new FakeClock();
  const bucket = new MemoryStore({ clock, versioned: true });
  const untilMs = clock.now() + retentionMs;
  const sample = await SampleRepository.init(retaining(bucket, { neededMs: untilMs, untilMs }), clock);
  await sample.addSnapshot({ folder: { file: "content" } });
  return { clock, bucket, contents: await contentsOf(bucket) };
}

async function contentsOf(store: ObjectStore): Promise<ReadonlyMap<string, string>> {
  const contents = new Map<string, string>();
  for await (const { key } of store.list("")) contents.set(key, (await store.get(key)).toBase64());
  return contents;
}

async function versionsOf({ versions }: ObjectStore): Promise<string[]> {
  return Array.fromAsync(versions?.list("") ?? [], ({ key, version }) => `${key} ${version}`);
}

async function open({ bucket, clock }: Bench, asOfMs?: number): Promise<Repository> {
  return openRepository(readThrough(bucket, { clock, asOfMs, report: () => undefined }), SAMPLE_SECRET);
}

function options(clock: FakeClock, more: Partial<UndeleteOptions> = {}): UndeleteOptions {
  return { dryRun: false, clock, report: (finding) => assert.fail(finding.message), signal: new AbortController().signal, ...more };
}

test("undelete() gives back what was deleted by taking the markers away", async () => {
  const at = await bench();
  const before = await versionsOf(at.bucket);
  await deleteAll(at.bucket);
  const done = await undelete(await open(at), options(at.clock));
  assert.deepEqual(
    done.map(({ key, was }) => [key, was]),
    [...at.contents.keys()].toSorted().map((key) => [key, "deleted"]),
  );
  assert.deepEqual(await contentsOf(at.bucket), at.contents);
  assert.deepEqual(await versionsOf(at.bucket), before, "without a copy");
  assert.deepEqual(await undelete(await open(at), options(at.clock)), []);
});

test("undelete() copies what other bytes or markers and other bytes lie over, and retains the copy as long", async () => {
  const at = await bench();
  await overwriteAll(at.bucket);
  await deleteAll(at.bucket, "data/");
  const done = await undelete(await open(at), options(at.clock));
  assert.equal(done.length, at.contents.size);
  assert.deepEqual(await contentsOf(at.bucket), at.contents);
  for (const { key } of await Array.fromAsync(at.bucket.list(""))) {
    assert.equal(await at.bucket.locking?.retainedUntilMs(key), at.clock.now() + HOUR_MS, key);
  }
  assert.deepEqual(await undelete(await open(at), options(at.clock)), []);
});

test("undelete() puts another repository's config and identity aside", async () => {
  const at = await bench();
  const other = new MemoryStore({ clock: at.clock });
  await initRepository(other, { secret: SAMPLE_SECRET, owner: SAMPLE_OWNER, clock: at.clock });
  for (const key of [CONFIG_KEY, IDENTITY_KEY]) await at.bucket.put(key, await other.get(key));
  const repository = await open(at);
  assert.deepEqual(
    repository.findings.map(({ code, object }) => `${code} ${object}`),
    [`object_overwritten ${CONFIG_KEY}`, `object_overwritten ${IDENTITY_KEY}`],
  );
  const done = await undelete(repository, options(at.clock));
  assert.deepEqual(
    done.map(({ key }) => key),
    [CONFIG_KEY, IDENTITY_KEY],
  );
  assert.deepEqual(await contentsOf(at.bucket), at.contents);
});

test("undelete() leaves removed what is not protected any more", async () => {
  const at = await bench();
  const repository = await open(at);
  await at.clock.advance(HOUR_MS);
  await deleteAll(at.bucket, "snapshots/");
  assert.deepEqual(await undelete(repository, options(at.clock)), []);
});

test("undelete() with a moment gives back what was deleted since, locked or not, and removes nothing", async () => {
  const at = await bench(0);
  await at.clock.advance(1_000);
  const asOfMs = at.clock.now();
  await at.clock.advance(1_000);
  await deleteAll(at.bucket, "snapshots/");
  await at.bucket.put(keyOfFile("marks", "ab".repeat(32) as never), Buffer.from("later"));
  const done = await undelete(await open(at, asOfMs), options(at.clock, { asOfMs }));
  assert.deepEqual(
    done.map(({ key, was }) => `${was} ${key.split("/")[0]}`),
    ["deleted snapshots"],
  );
  assert.equal((await contentsOf(at.bucket)).size, at.contents.size + 1);
});

test("undelete() with dryRun says what it would do, and does nothing", async () => {
  const at = await bench();
  await deleteAll(at.bucket);
  const done = await undelete(await open(at), options(at.clock, { dryRun: true }));
  assert.equal(done.length, at.contents.size);
  assert.equal((await contentsOf(at.bucket)).size, 0);
});

test("undelete() reports what no version is right of", async () => {
  const at = await bench();
  const key = keyOfFile("index", "ab".repeat(32) as never);
  for (const wrong of ["one", "two"]) await at.bucket.put(key, Buffer.from(wrong));
  const findings: Finding[] = [];
  assert.deepEqual(await undelete(await open(at), options(at.clock, { report: (finding) => void findings.push(finding) })), []);
  assert.deepEqual(
    findings.map(({ grade, code, object }) => `${grade} ${code} ${object}`),
    [`critical no_right_version ${key}`],
  );
});

test("undelete() refuses a store that keeps no versions", async () => {
  const clock = new FakeClock();
  const repository = await initRepository(new MemoryStore({ clock }), { secret: SAMPLE_SECRET, owner: SAMPLE_OWNER, clock });
  await assert.rejects(undelete(repository, options(clock)), { kind: "unsupported", code: "object_versions" });
});
