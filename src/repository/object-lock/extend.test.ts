import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { faulty } from "../../storage/faulty.ts";
import { MemoryStore } from "../../storage/memory.ts";
import type { ObjectKey, ObjectStore } from "../../storage/object-store.ts";
import type { BlobType } from "../format/blob.ts";
import { CHUNKER_KEY, CONFIG_KEY, IDENTITY_KEY, keyOfFile, spareOf } from "../layout.ts";
import { readThrough } from "../read-through.ts";
import { openRepository } from "../repository.ts";
import { listFiles } from "../sealed-files.ts";
import type { Session } from "../session.ts";
import { SAMPLE_SECRET, SampleRepository, type SampleTree } from "../testing/sample-repository.ts";
import { type Extension, extendFor } from "./extend.ts";
import { findHeldIndex } from "./held-index.ts";
import { retaining, type RetentionDates, retentionDates } from "./immutability.ts";
import { packsNamedBy } from "./index-cover.ts";
import { parseLedger } from "./ledger.ts";
import { deleteAll, overwriteAll } from "./testing/tampering.ts";

const DAY_MS = 86_400_000;
/** So that retention and margin end with January. */
const START_MS = Temporal.Instant.from("2026-01-01T00:00:00Z").epochMilliseconds;
const IMMUTABILITY = { retentionMs: 30 * DAY_MS, marginMs: DAY_MS };
const TREE: SampleTree = { a: { x: "1" }, b: { y: ["2", "3"] } };

interface Run extends Extension {
  readonly tree: HexId;
  readonly untilMs: number;
  /** Packs whose trees were read. */
  readonly reads: number;
  /** Keys whose retention was extended. */
  readonly extended: readonly string[];
  readonly findings: readonly Finding[];
}

class Bench {
  readonly clock = new FakeClock(START_MS);
  readonly bucket = new MemoryStore({ clock: this.clock, versioned: true });

  /** Stores the tree and extends what it uses, as a backup does before it writes its snapshot. */
  async run(tree: SampleTree, parentLedger?: HexId): Promise<Run> {
    const before = new Set(await this.#packs());
    const root = await (await this.#open(retaining(this.bucket, this.#dates()))).addTree(tree);
    return this.extend({ tree: root, parentLedger, newPacks: new Set(await this.#packs()).difference(before) });
  }

  async extend({
    tree,
    parentLedger,
    newPacks = new Set(),
  }: {
    tree: HexId;
    parentLedger?: HexId | undefined;
    newPacks?: ReadonlySet<HexId>;
  }): Promise<Run> {
    const dates = this.#dates();
    const calls: string[] = [];
    const findings: Finding[] = [];
    await using session = await this.session((store) => faulty(store, ({ name, key }) => void calls.push(`${name} ${key}`)));
    calls.length = 0;
    const report = (finding: Finding): void => void findings.push(finding);
    const extension = await extendFor(session, { tree, parentLedger, newPacks, dates, report });
    const extended = calls.filter((call) => call.startsWith("lock ")).map((call) => call.slice("lock ".length));
    const reads = calls.filter((call) => call.startsWith("get data/")).length;
    return { ...extension, tree, untilMs: dates.untilMs, reads, extended, findings };
  }

  async untilOf(type: "data" | "index"): Promise<number[]> {
    const keys = await Array.fromAsync(this.bucket.list(`${type}/`), ({ key }) => key);
    const untils = await Promise.all(keys.map(async (key) => (await this.bucket.locking?.retainedUntilMs(key)) ?? 0));
    return untils.toSorted((a, b) => a - b);
  }

  /** By key. */
  async typesOfPacks(): Promise<ReadonlyMap<ObjectKey, BlobType>> {
    const { index } = await this.session();
    return new Map(Array.from(index.entries(), (entry) => [keyOfFile("data", index.packId(index.packOf(entry))), index.typeOf(entry)]));
  }

  async session(around: (store: ObjectStore) => ObjectStore = (store) => store): Promise<Session> {
    const seen = readThrough(around(this.bucket), { clock: this.clock, report: () => undefined });
    return (await this.#open(retaining(seen, this.#dates()))).session();
  }

  #dates(): RetentionDates {
    return retentionDates(IMMUTABILITY, this.clock.now());
  }

  async #open(store: ObjectStore): Promise<SampleRepository> {
    const isNew = (await Array.fromAsync(this.bucket.versions?.list("") ?? [])).length === 0;
    return isNew ? SampleRepository.init(store, this.clock) : new SampleRepository(await openRepository(store, SAMPLE_SECRET), this.clock);
  }

  async #packs(): Promise<HexId[]> {
    return Array.fromAsync(listFiles(this.bucket, "data"), ({ id }) => id);
  }
}

test("extendFor() has nothing to extend of what the run stored itself, only what opens the repository", async () => {
  const bench = new Bench();
  const first = await bench.run(TREE);
  assert.deepEqual([first.packs, first.extendedPacks], [2, 0]);
  assert.deepEqual(await bench.untilOf("data"), [first.untilMs, first.untilMs]);
  assert.equal(first.untilMs, START_MS + 31 * DAY_MS);
  const [key = assert.fail()] = await Array.fromAsync(bench.bucket.list("keys/"), (info) => info.key);
  const openers = [CONFIG_KEY, IDENTITY_KEY, key];
  assert.deepEqual(new Set(first.extended), new Set([CHUNKER_KEY, ...openers, ...openers.map(spareOf)]));
  const again = await bench.run(TREE, first.ledger);
  assert.deepEqual(again.extended, [], "what opens it is in the ledger then");
});

test("extendFor() reads no tree and extends nothing while the parent's dates are late enough", async () => {
  const bench = new Bench();
  const first = await bench.run(TREE);
  const second = await bench.run(TREE, first.ledger);
  assert.deepEqual([second.packs, second.extendedPacks, second.reads], [2, 0, 0]);
  const changed = await bench.run({ ...TREE, c: { z: "4" } }, second.ledger);
  assert.deepEqual([changed.packs, changed.extendedPacks], [4, 0], "its own two, and the parent's");
});

test("extendFor() extends what the point uses, and the index of it, when a month has passed", async () => {
  const bench = new Bench();
  const first = await bench.run(TREE);
  await bench.clock.advance(DAY_MS);
  const second = await bench.run(TREE, first.ledger);
  assert.deepEqual([second.packs, second.extendedPacks], [2, 2]);
  assert.equal(second.untilMs, START_MS + (31 + 28) * DAY_MS);
  assert.deepEqual(await bench.untilOf("data"), [second.untilMs, second.untilMs]);
  assert.deepEqual(await bench.untilOf("index"), [second.untilMs], "all that it names is in use, so it is extended");
  assert.equal((await bench.run(TREE, second.ledger)).extendedPacks, 0);
});

test("extendFor() leaves what the point does not use any more, and names the rest in an index file of its own", async () => {
  const bench = new Bench();
  const first = await bench.run({ x: "1", y: ["2", "3"], old: "only here" });
  await bench.run({ other: "volume" });
  await bench.clock.advance(DAY_MS);
  const second = await bench.run({ x: "1", y: ["2", "3"] }, first.ledger);
  const packs = await bench.untilOf("data");
  assert.deepEqual(
    packs.map((untilMs) => untilMs === second.untilMs),
    [false, false, false, true, true],
    "not the two of the other volume, nor that of the first's tree",
  );
  const held = await findHeldIndex(await bench.session(), bench.clock.now());
  assert.equal(held.packs.size, 5);
  await bench.clock.advance(31 * DAY_MS);
  await using session = await bench.session();
  const later = await findHeldIndex(session, bench.clock.now());
  assert.equal(later.packs.size, 2, "what is extended is named by files that are held as long, and nothing else is");
  for (const id of later.files) assert.ok((await packsNamedBy(session, id)).isSubsetOf(later.packs));
});

test("extendFor() reads every tree when something is due, and so drops what only earlier points used", async () => {
  const bench = new Bench();
  const first = await bench.run({ old: { only: "here" } });
  const second = await bench.run({ old: { only: "here" }, a: { x: "1" } }, first.ledger);
  const third = await bench.run({ a: { x: "1" }, b: { y: "2" } }, second.ledger);
  assert.deepEqual([first.packs, second.packs, third.packs], [2, 4, 6], "what was inherited is not looked at more closely");
  await bench.clock.advance(DAY_MS);
  const fourth = await bench.run({ a: { x: "1" }, b: { y: "2" } }, third.ledger);
  assert.deepEqual([fourth.packs, fourth.extendedPacks], [4, 4]);
  assert.equal((await bench.untilOf("data")).filter((untilMs) => untilMs === first.untilMs).length, 2);
});

test("extendFor() takes an earlier ledger that is lost for none", async () => {
  const bench = new Bench();
  const first = await bench.run(TREE);
  await bench.bucket.delete(keyOfFile("ledger", first.ledger));
  const second = await bench.run(TREE, first.ledger);
  assert.deepEqual([second.packs, second.findings], [2, []]);
});

for (const tamper of [deleteAll, overwriteAll]) {
  test(`extendFor() extends the right versions after ${tamper.name}()`, async () => {
    const bench = new Bench();
    const { tree } = await bench.run(TREE);
    const originals = await Array.fromAsync(bench.bucket.versions?.list("data/") ?? []);
    await bench.clock.advance(DAY_MS);
    await tamper(bench.bucket);
    const { untilMs, findings } = await bench.extend({ tree });
    assert.equal(originals.length, 2);
    for (const { key, version } of originals) assert.equal(await bench.bucket.locking?.retainedUntilMs(key, version), untilMs, key);
    assert.deepEqual(findings, []);
  });
}

test("extendFor() reports a pack that is gone, and does not note it", async () => {
  const bench = new Bench();
  const { tree } = await bench.run({ x: "1" });
  await bench.clock.advance(32 * DAY_MS);
  const types = await bench.typesOfPacks();
  const gone = (await Array.fromAsync(bench.bucket.versions?.list("data/") ?? [])).find(({ key }) => types.get(key) === "data");
  assert.ok(gone);
  await bench.bucket.versions?.delete(gone.key, gone.version);
  const { ledger, findings } = await bench.extend({ tree });
  assert.deepEqual(
    findings.map(({ grade, code, object }) => `${grade} ${code} ${object}`),
    [`critical locked_object_missing ${gone.key}`],
  );
  const { files } = (await bench.session()).repository;
  assert.equal(parseLedger(await files.load("ledger", ledger)).packs.size, 1);
});

test("findHeldIndex() finds what somebody has hidden, too, and nothing once its retention has ended", async () => {
  const bench = new Bench();
  const { untilMs } = await bench.run(TREE);
  await deleteAll(bench.bucket);
  await using session = await bench.session();
  const held = await findHeldIndex(session, bench.clock.now());
  assert.deepEqual([held.files.size, held.packs.size], [1, 2]);
  assert.equal((await findHeldIndex(session, untilMs)).files.size, 0);
});
