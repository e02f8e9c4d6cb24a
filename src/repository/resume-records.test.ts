import assert from "node:assert/strict";
import { test } from "node:test";
import type { HexId } from "../base/ids.ts";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { MemoryStore } from "../storage/memory.ts";
import { Cipher } from "./format/cipher.ts";
import { keyOfFile } from "./layout.ts";
import { isSameSource, listResumeRecords, type ResumeRecord, saveResumeRecord } from "./resume-records.ts";
import { SealedFiles } from "./sealed-files.ts";
import { TEST_KEY } from "./testing/pack-collector.ts";

const TREE = "ab".repeat(32) as HexId;
const RECORD: ResumeRecord = {
  timeMs: 1_767_323_045_678,
  startMs: 1_767_312_000_000,
  source: { host: "here", paths: ["/home", "/srv/ünï"] },
  tree: TREE,
};

function setting() {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock });
  const files = new SealedFiles(store, new Cipher(TEST_KEY), 2);
  const save = (json: unknown): Promise<HexId> => files.save("resume", Buffer.from(JSON.stringify(json)));
  return { clock, store, files, save };
}

test("saveResumeRecord() writes what the documents say, and listResumeRecords() gives it back", async () => {
  const { files } = setting();
  const id = await saveResumeRecord(files, RECORD);
  assert.deepEqual(JSON.parse(Buffer.from(await files.load("resume", id)).toString()), {
    version: 1,
    time: "2026-01-02T03:04:05.678Z",
    start: "2026-01-02T00:00:00.000Z",
    source: { host: "here", paths: ["/home", "/srv/ünï"] },
    tree: TREE,
  });
  assert.deepEqual(await listResumeRecords(files, 0), { records: [{ id, ...RECORD }], outdated: [], findings: [] });
});

test("listResumeRecords() passes over what is damaged, forged, newer or of another form, with a finding for each", async () => {
  const { store, files, save } = setting();
  const good = { version: 1, time: "2026-01-02T03:04:05Z", start: "2026-01-02T00:00:00Z", source: { host: "h", paths: ["/"] }, tree: TREE };
  const bad = [
    await save({ ...good, version: 2 }),
    await save({ ...good, tree: "../../config" }),
    await save({ ...good, tree: [TREE] }),
    await save({ ...good, start: "yesterday" }),
    await save({ ...good, source: undefined }),
    await save({ ...good, source: { host: 1, paths: ["/"] } }),
    await save([good]),
  ];
  const flipped = await save({ ...good, more: 1 });
  const bytes = await store.get(keyOfFile("resume", flipped));
  bytes[20] = ~(bytes[20] ?? 0);
  await store.put(keyOfFile("resume", flipped), bytes);
  const forged = "cd".repeat(32) as HexId;
  await store.put(keyOfFile("resume", forged), Buffer.from(JSON.stringify(good)));
  const kept = await save({ ...good, unknown: "field" });

  const { records, findings } = await listResumeRecords(files, 0);
  assert.deepEqual(
    records.map(({ id }) => id),
    [kept],
  );
  assert.deepEqual(new Set(findings.map(({ object }) => object)), new Set([...bad, flipped, forged].map((id) => `holdfast/resume/${id}`)));
  for (const { grade, code } of findings) assert.deepEqual([grade, code], ["info", "resume_record_unusable"]);
});

test("listResumeRecords() takes a record for outdated when both its own time and that of the store are", async () => {
  const { clock, files } = setting();
  const early = await saveResumeRecord(files, RECORD);
  const sinceMs = Math.max(RECORD.timeMs, clock.now()) + 1;
  assert.deepEqual((await listResumeRecords(files, sinceMs)).outdated, [early]);
  const younger = { ...RECORD, timeMs: sinceMs };
  const late = await saveResumeRecord(files, younger);
  const { records, outdated } = await listResumeRecords(files, sinceMs);
  assert.deepEqual([records, outdated], [[{ id: late, ...younger }], [early]]);
  assert.deepEqual((await listResumeRecords(files, RECORD.timeMs)).outdated, []);
});

test("isSameSource() asks for the host and the paths, in any order", () => {
  const { source } = RECORD;
  assert.ok(isSameSource(source, { ...source, paths: source.paths.toReversed() }));
  assert.ok(!isSameSource(source, { ...source, host: "there" }));
  assert.ok(!isSameSource(source, { ...source, paths: ["/home"] }));
});
