import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { faulty } from "../storage/faulty.ts";
import { MemoryStore } from "../storage/memory.ts";
import { serializeConfig } from "./format/config.ts";
import { CONFIG_KEY, keyOfFile, spareOf } from "./layout.ts";
import { migrate } from "./migrate.ts";
import { openRepository } from "./repository.ts";
import { SAMPLE_SECRET, SampleRepository } from "./testing/sample-repository.ts";

const clock = new FakeClock();

async function versionOne(): Promise<{ readonly store: MemoryStore; readonly sample: SampleRepository }> {
  const store = new MemoryStore({ clock });
  const sample = await SampleRepository.init(store, clock, { version: 1 });
  await sample.addSnapshot({ file: "content ".repeat(100) });
  return { store, sample };
}

test("migrate() changes the version and nothing else; what is written from then on is compressed", async () => {
  const { store, sample } = await versionOne();
  const keys = await Array.fromAsync(store.list(""), ({ key }) => key);
  await using session = await sample.session();
  const migrated = await migrate(session);
  assert.deepEqual(await Array.fromAsync(store.list(""), ({ key }) => key), keys);
  assert.deepEqual(await store.get(spareOf(CONFIG_KEY)), await store.get(CONFIG_KEY));
  const { config, findings } = await openRepository(store, SAMPLE_SECRET);
  assert.deepEqual([config, findings], [{ ...sample.repository.config, version: 2 }, []]);
  assert.deepEqual(migrated.config, config);
  const after = new SampleRepository(migrated, clock);
  await after.addSnapshot({ file: "content ".repeat(100), other: "more content ".repeat(100) });
  await using later = await after.session();
  assert.equal(later.snapshots.length, 2);
  const compressed = Array.from(later.index.entries()).filter((entry) => later.index.uncompressedLengthOf(entry) > 0);
  assert.deepEqual([later.index.size, compressed.length], [4, 2]);
});

test("migrate() leaves a repository of version 2 alone", async () => {
  const store = new MemoryStore({ clock });
  const sample = await SampleRepository.init(store, clock);
  const before = await store.get(CONFIG_KEY);
  await using session = await sample.session();
  assert.equal(await migrate(session), sample.repository);
  assert.deepEqual(await store.get(CONFIG_KEY), before);
});

test("migrate() refuses while a part of the index cannot be read", async () => {
  const { store, sample } = await versionOne();
  const [file] = await Array.fromAsync(sample.repository.files.list("index"));
  assert.ok(file !== undefined);
  await store.put(keyOfFile("index", file.id), Buffer.from("damaged"));
  await using session = await sample.session();
  await assert.rejects(migrate(session), { kind: "corrupt", code: "index_damaged" });
  assert.equal((await openRepository(store, SAMPLE_SECRET)).config.version, 1);
});

test("migrate() that cannot write leaves the repository as it was", async () => {
  const { store } = await versionOne();
  const dying = faulty(store, ({ name }) => (name === "put" ? "refused" : undefined));
  await using session = await new SampleRepository(await openRepository(dying, SAMPLE_SECRET), clock).session();
  await assert.rejects(migrate(session), { code: "storage_unavailable" });
  assert.equal((await openRepository(store, SAMPLE_SECRET)).config.version, 1);
});

test("migrate() puts our field back where another tool dropped it", async () => {
  const { store, sample } = await versionOne();
  const { cipher, config } = sample.repository;
  await store.put(CONFIG_KEY, cipher.seal(serializeConfig({ ...config, chunker: undefined })));
  await using session = await new SampleRepository(await openRepository(store, SAMPLE_SECRET), clock).session();
  await migrate(session);
  assert.deepEqual((await openRepository(store, SAMPLE_SECRET)).findings, []);
});
