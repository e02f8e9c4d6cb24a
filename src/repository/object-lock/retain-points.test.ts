import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { MemoryStore } from "../../storage/memory.ts";
import type { Snapshot } from "../format/snapshot.ts";
import { keyOfFile } from "../layout.ts";
import { openRepository, type Repository } from "../repository.ts";
import { listFiles } from "../sealed-files.ts";
import { saveSnapshot } from "../snapshots.ts";
import { SAMPLE_SECRET, SampleRepository, type SampleTree } from "../testing/sample-repository.ts";
import { ledgerOf, parseLedger, withLedger } from "./ledger.ts";
import { PointRetainer } from "./retain-points.ts";
import { changeSettings } from "./settings.ts";
import { datesOf, underRetention } from "./under-retention.ts";

const DAY_MS = 86_400_000;
const RETENTION_MS = 30 * DAY_MS;

class Bench {
  readonly clock = new FakeClock();
  readonly bucket = new MemoryStore({ clock: this.clock, versioned: true });
  readonly findings: Finding[] = [];

  static async make(retentionMs = RETENTION_MS): Promise<Bench> {
    const bench = new Bench();
    await SampleRepository.init(bench.bucket, bench.clock, { retentionMs });
    return bench;
  }

  async open(): Promise<Repository> {
    return (await underRetention(await openRepository(this.bucket, SAMPLE_SECRET), this)).repository;
  }

  /** A run: its session begins before it stores the tree. */
  async run(tree: SampleTree, fields: Partial<Snapshot> = {}): Promise<Snapshot> {
    const repository = await this.open();
    const sample = new SampleRepository(repository, this.clock);
    await using session = await sample.session(this.findings);
    const before = new Set(await Array.fromAsync(listFiles(this.bucket, "data"), ({ id }) => id));
    const { snapshot } = await sample.addSnapshot(tree, fields);
    const after = new Set(await Array.fromAsync(listFiles(this.bucket, "data"), ({ id }) => id));
    const report = (finding: Finding): void => void this.findings.push(finding);
    const retained = await new PointRetainer(session, { newPacks: after.difference(before), report }).retain(snapshot);
    await saveSnapshot(repository, retained);
    return retained;
  }

  async ledger(snapshot: Snapshot): Promise<ReturnType<typeof parseLedger>> {
    return parseLedger(await (await this.open()).files.load("ledger", ledgerOf(snapshot) ?? assert.fail("no ledger")));
  }
}

test("retain() notes what the point needs, new packs included, and goes by the note of the one before", async () => {
  const bench = await Bench.make();
  const first = await bench.run({ a: { x: "1" } });
  assert.equal((await bench.ledger(first)).packs.size, 2);
  const second = await bench.run({ a: { x: "1" }, b: { y: "2" } });
  assert.equal((await bench.ledger(second)).packs.size, 4, "its own, and those that it has from the first");
  const other = await bench.run({ b: { y: "3" } }, { hostname: "other" });
  assert.equal((await bench.ledger(other)).packs.size, 2, "another host has no part in that");
  assert.deepEqual(bench.findings, []);
});

test("retain() extends what an earlier run stored, when a month has passed", async () => {
  const bench = await Bench.make();
  await bench.run({ x: "1" });
  await bench.clock.advance(40 * DAY_MS);
  await bench.run({ x: "1" });
  const { untilMs } = datesOf(RETENTION_MS, bench.clock);
  for (const { key } of await Array.fromAsync(bench.bucket.list("data/")))
    assert.equal(await bench.bucket.locking?.retainedUntilMs(key), untilMs);
});

test("retain() lets keys expire that were removed, and keeps the others and the settings", async () => {
  const bench = await Bench.make();
  const { keyId, files } = await bench.open();
  await bench.clock.advance(40 * DAY_MS);
  const { id } = await changeSettings(files, { expiringKeys: [keyId] }, bench);
  const { untilMs } = datesOf(RETENTION_MS, bench.clock);
  await bench.run({ x: "1" });
  const untilOf = async (type: "keys" | "settings", name: HexId): Promise<number | undefined> =>
    bench.bucket.locking?.retainedUntilMs(keyOfFile(type, name));
  assert.ok(((await untilOf("keys", keyId)) ?? 0) < untilMs);
  assert.equal(await untilOf("settings", id), untilMs);
  await changeSettings((await bench.open()).files, { expiringKeys: [] }, bench);
  await bench.run({ x: "2" });
  assert.equal(await untilOf("keys", keyId), untilMs);
});

test("retain() notes nothing without a retention, and takes away what another repository has noted", async () => {
  const bench = await Bench.make(0);
  const foreign = withLedger({ otherFields: { other: 1 } } as unknown as Snapshot, "ab".repeat(32) as HexId);
  const snapshot = await bench.run({ x: "1" }, { otherFields: foreign.otherFields });
  assert.deepEqual(snapshot.otherFields, { other: 1 });
  assert.deepEqual(await Array.fromAsync(bench.bucket.list("holdfast/ledger/")), []);
});

test("retain() gives a snapshot that lacks something all the same, and says that it is not protected as a whole", async () => {
  const bench = await Bench.make();
  const lost = "ab".repeat(32) as HexId;
  const repository = await bench.open();
  const sample = new SampleRepository(repository, bench.clock);
  const { snapshot } = await sample.addSnapshot({ x: "1" });
  await using session = await sample.session(bench.findings);
  const retainer = new PointRetainer(session, { newPacks: new Set(), report: (finding) => void bench.findings.push(finding) });
  assert.equal(ledgerOf(await retainer.retain({ ...snapshot, tree: lost })), undefined);
  assert.deepEqual(
    bench.findings.map(({ grade, code }) => `${grade} ${code}`),
    ["critical point_not_retained"],
  );
});
