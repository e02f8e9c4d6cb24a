import assert from "node:assert/strict";
import { test } from "node:test";
import type { HexId } from "../../base/ids.ts";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { keyOfFile } from "../layout.ts";
import { readThrough } from "../read-through.ts";
import { openRepository, type Repository } from "../repository.ts";
import { SAMPLE_SECRET, SampleRepository } from "../testing/sample-repository.ts";
import { retaining } from "./immutability.ts";
import { changeSettings, MAX_RETENTION_MS, readSettings } from "./settings.ts";
import { deleteAll, overwriteAll } from "./testing/tampering.ts";

const DAY_MS = 86_400_000;
const FOLDER = "holdfast/settings/";
const KEY_ID = "ab".repeat(32) as HexId;

class Bench {
  readonly clock = new FakeClock();
  readonly bucket = new MemoryStore({ clock: this.clock, versioned: true });

  async open(): Promise<Repository> {
    const untilMs = this.clock.now() + DAY_MS;
    const seen = readThrough(this.bucket, { clock: this.clock, report: () => undefined });
    const store = retaining(seen, { neededMs: untilMs, untilMs });
    if ((await Array.fromAsync(this.bucket.versions?.list("") ?? [])).length > 0) return openRepository(store, SAMPLE_SECRET);
    return (await SampleRepository.init(store, this.clock)).repository;
  }
}

test("changeSettings() changes what it is told, and leaves the rest; the last one counts", async () => {
  const bench = new Bench();
  const { files } = await bench.open();
  assert.deepEqual(await readSettings(files), { settings: undefined, findings: [] });
  await changeSettings(files, { retentionMs: 30 * DAY_MS }, bench);
  await changeSettings(files, { expiringKeys: [KEY_ID] }, bench);
  await changeSettings(files, { retentionMs: 7 * DAY_MS }, bench);
  const { settings } = await readSettings(files);
  assert.deepEqual([settings?.revision, settings?.retentionMs, settings?.expiringKeys], [3, 7 * DAY_MS, [KEY_ID]]);
});

test("readSettings() takes the longer retention of two that were set at the same time", async () => {
  const bench = new Bench();
  const { files } = await bench.open();
  const at = (retentionMs: number): Uint8Array =>
    Buffer.from(JSON.stringify({ version: 1, revision: 1, time: "2026-01-01T00:00:00Z", retentionMs, expiringKeys: [] }));
  for (const days of [7, 30, 1]) await files.save("settings", at(days * DAY_MS));
  assert.equal((await readSettings(files)).settings?.retentionMs, 30 * DAY_MS);
});

for (const tamper of [deleteAll, overwriteAll]) {
  test(`readSettings() finds what counts after ${tamper.name}(), and no earlier setting in its place`, async () => {
    const bench = new Bench();
    const { files } = await bench.open();
    await changeSettings(files, { retentionMs: DAY_MS }, bench);
    const last = await changeSettings(files, { retentionMs: 30 * DAY_MS }, bench);
    await tamper(bench.bucket, keyOfFile("settings", last.id));
    const { settings, findings } = await readSettings((await bench.open()).files);
    assert.deepEqual([settings, findings], [last, []]);
  });
}

test("readSettings() reports what nobody with the key has written, and goes by the rest", async () => {
  const bench = new Bench();
  const { files } = await bench.open();
  await changeSettings(files, { retentionMs: DAY_MS }, bench);
  await bench.bucket.put(keyOfFile("settings", KEY_ID), Buffer.from("not sealed by anybody who has the key"));
  const { settings, findings } = await readSettings(files);
  assert.equal(settings?.retentionMs, DAY_MS);
  assert.deepEqual(
    findings.map(({ grade, code, object }) => `${grade} ${code} ${object}`),
    [`critical settings_damaged ${FOLDER}${KEY_ID}`],
  );
});

test("readSettings() says what it cannot understand", async () => {
  const good = { version: 1, revision: 1, time: "2026-01-01T00:00:00Z", retentionMs: 1, expiringKeys: [] };
  const cases: readonly unknown[] = [
    { ...good, revision: -1 },
    { ...good, retentionMs: "1" },
    { ...good, time: "yesterday" },
    { ...good, expiringKeys: ["../config"] },
    { ...good, version: 0 },
    [],
  ];
  const bench = new Bench();
  const { files, store } = await bench.open();
  for (const json of cases) {
    const id = await files.save("settings", Buffer.from(JSON.stringify(json)));
    const { settings, findings } = await readSettings(files);
    assert.deepEqual([settings, findings.length], [undefined, 1], JSON.stringify(json));
    await bench.clock.advance(2 * DAY_MS);
    await store.delete(keyOfFile("settings", id));
  }
  await files.save("settings", Buffer.from(JSON.stringify({ ...good, retentionMs: 2 * MAX_RETENTION_MS })));
  assert.equal((await readSettings(files)).settings?.retentionMs, MAX_RETENTION_MS);
  await files.save("settings", Buffer.from(JSON.stringify({ version: 2 })));
  await assert.rejects(readSettings(files), { kind: "unsupported", code: "settings_version" });
});
