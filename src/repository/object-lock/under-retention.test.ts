import assert from "node:assert/strict";
import { test } from "node:test";
import type { HexId } from "../../base/ids.ts";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { type ObjectKey, parseObjectKey } from "../../storage/object-store.ts";
import { LOCKED_PACK_BYTES, PACK_BYTES, packerSettings } from "../blob-packer.ts";
import { initRepository } from "../init.ts";
import { keyOfFile } from "../layout.ts";
import { openRepository } from "../repository.ts";
import { SAMPLE_OWNER, SAMPLE_SECRET } from "../testing/sample-repository.ts";
import { isRetained } from "./lockable-files.ts";
import { changeSettings } from "./settings.ts";
import { datesOf, underRetention } from "./under-retention.ts";

const DAY_MS = 86_400_000;
const PACK = keyOfFile("data", "ab".repeat(32) as HexId);
const LOCK = keyOfFile("locks", "cd".repeat(32) as HexId);

async function made(retentionMs: number): Promise<{ readonly clock: FakeClock; readonly bucket: MemoryStore }> {
  const clock = new FakeClock();
  const bucket = new MemoryStore({ clock, versioned: true });
  await initRepository(bucket, { secret: SAMPLE_SECRET, owner: SAMPLE_OWNER, clock, retentionMs });
  return { clock, bucket };
}

test("initRepository() puts every file under Object Lock that the repository is opened with", async () => {
  const { clock, bucket } = await made(30 * DAY_MS);
  const { untilMs } = datesOf(30 * DAY_MS, clock);
  const keys = await Array.fromAsync(bucket.list(""), ({ key }) => key);
  assert.equal(keys.length, 8);
  for (const key of keys) assert.deepEqual([isRetained(key), await bucket.locking?.retainedUntilMs(key)], [true, untilMs], key);
});

test("underRetention() retains what is put, locks never, in packs of 64 MiB", async () => {
  const { clock, bucket } = await made(30 * DAY_MS);
  await clock.advance(100 * DAY_MS);
  const { repository, unprotected } = await underRetention(await openRepository(bucket, SAMPLE_SECRET), { clock });
  assert.equal(unprotected, undefined);
  for (const key of [PACK, LOCK]) await repository.store.put(key, Buffer.from("x"));
  assert.equal(await bucket.locking?.retainedUntilMs(PACK), datesOf(30 * DAY_MS, clock).untilMs);
  assert.equal(await bucket.locking?.retainedUntilMs(LOCK), undefined);
  assert.equal(packerSettings(repository, "all").packBytes, LOCKED_PACK_BYTES);
});

test("underRetention() changes nothing without a retention, also when there was one", async () => {
  for (const retentionMs of [0, 30 * DAY_MS]) {
    const { clock, bucket } = await made(retentionMs);
    const opened = await openRepository(bucket, SAMPLE_SECRET);
    if (retentionMs > 0) await changeSettings(opened.files, { retentionMs: 0 }, { clock });
    const { repository, unprotected } = await underRetention(opened, { clock });
    await repository.store.put(PACK, Buffer.from("x"));
    assert.deepEqual([unprotected, await bucket.locking?.retainedUntilMs(PACK)], [undefined, undefined]);
    assert.equal(packerSettings(repository, "all").packBytes, PACK_BYTES);
  }
});

test("underRetention() has a finding for who adds where there is no Object Lock any more, or settings that are not understood", async () => {
  const { clock, bucket } = await made(30 * DAY_MS);
  const moved = new MemoryStore({ clock });
  for (const { key } of await Array.fromAsync(bucket.list(""))) await moved.put(key, await bucket.get(key));
  const first = await underRetention(await openRepository(moved, SAMPLE_SECRET), { clock });
  assert.deepEqual([first.unprotected?.grade, first.unprotected?.code], ["partial", "object_lock_missing"]);
  await first.repository.store.put(PACK, Buffer.from("x"));
  await first.repository.files.save("settings", Buffer.from('{"version":2}'));
  const second = await underRetention(await openRepository(moved, SAMPLE_SECRET), { clock });
  assert.deepEqual([second.unprotected?.grade, second.unprotected?.code], ["partial", "settings_version"]);
});

test("underRetention() tells of damaged settings among what was odd when the repository was opened", async () => {
  const { clock, bucket } = await made(30 * DAY_MS);
  const key: ObjectKey = parseObjectKey(`holdfast/settings/${"ef".repeat(32)}`);
  await bucket.put(key, Buffer.from("x"));
  const { repository } = await underRetention(await openRepository(bucket, SAMPLE_SECRET), { clock });
  assert.deepEqual(
    repository.findings.map(({ grade, object }) => `${grade} ${object}`),
    [`critical ${key}`],
  );
});
