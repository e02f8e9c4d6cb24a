/** What forget, prune and the removal of keys do with what is under Object Lock. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../base/finding.ts";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { RANDOM_PASSWORD_PARAMETERS } from "../format/key-file.ts";
import { executeForget, findLocked, planForgetByName } from "../forget.ts";
import { addKey, listKeyIds, readKeys, removeKey } from "../keys.ts";
import { keyOfFile } from "../layout.ts";
import { executePrune } from "../prune/execute.ts";
import { planPrune } from "../prune/plan.ts";
import { readThrough } from "../read-through.ts";
import { openRepository } from "../repository.ts";
import type { StoredSnapshot } from "../snapshots.ts";
import { SAMPLE_OWNER, SAMPLE_SECRET, SampleRepository } from "../testing/sample-repository.ts";
import { withLedger } from "./ledger.ts";
import { changeSettings } from "./settings.ts";
import { datesOf, underRetention } from "./under-retention.ts";

const DAY_MS = 86_400_000;
const RETENTION_MS = 30 * DAY_MS;
const progress = (): void => undefined;

class Bench {
  readonly clock = new FakeClock();
  readonly bucket = new MemoryStore({ clock: this.clock, versioned: true });
  readonly findings: Finding[] = [];
  readonly report = (finding: Finding): void => void this.findings.push(finding);

  static async make(): Promise<Bench> {
    const bench = new Bench();
    await SampleRepository.init(bench.bucket, bench.clock, { retentionMs: RETENTION_MS });
    return bench;
  }

  get untilMs(): number {
    return datesOf(RETENTION_MS, this.clock).untilMs;
  }

  async open(): Promise<SampleRepository> {
    const seen = readThrough(this.bucket, { clock: this.clock, report: this.report });
    return new SampleRepository((await underRetention(await openRepository(seen, SAMPLE_SECRET), this)).repository, this.clock);
  }

  async forget(...named: readonly StoredSnapshot[]): Promise<ReadonlyMap<string, number>> {
    await using session = await (await this.open()).session();
    const plan = planForgetByName(session.snapshots, named);
    const expected = await findLocked(session, plan, this.clock);
    const locked = await executeForget(session, plan, { clock: this.clock, progress });
    assert.deepEqual(locked, expected, "what was foretold");
    return locked;
  }

  async prune(): Promise<{
    readonly plan: Awaited<ReturnType<typeof planPrune>>;
    readonly result: Awaited<ReturnType<typeof executePrune>>;
  }> {
    await using session = await (await this.open()).session();
    const options = { clock: this.clock, graceMs: 0, maxUnused: { bytes: 0 }, report: this.report, progress };
    const plan = await planPrune(session, options);
    return { plan, result: await executePrune(session, plan, options) };
  }

  async count(prefix: string): Promise<number> {
    return (await Array.fromAsync(this.bucket.versions?.list(prefix) ?? [])).length;
  }
}

test("executeForget() goes on past snapshots that are locked, and says until when each is", async () => {
  const bench = await Bench.make();
  const { repository } = await bench.open();
  const plain = new SampleRepository(await openRepository(bench.bucket, SAMPLE_SECRET), bench.clock);
  const unlocked = await plain.addSnapshot({ x: "1" });
  const locked = await new SampleRepository(repository, bench.clock).addSnapshot({ x: "2" });
  await plain.addSnapshot({ x: "3" });
  assert.deepEqual(await bench.forget(locked, unlocked), new Map([[locked.id, bench.untilMs]]));
  assert.equal(await bench.count(keyOfFile("snapshots", unlocked.id)), 0);
  await bench.clock.advance(bench.untilMs - bench.clock.now());
  assert.equal((await bench.forget(locked)).size, 0);
});

test("prune tells what Object Lock keeps and until when, and deletes it with all versions and markers afterwards", async () => {
  const bench = await Bench.make();
  const old = await (await bench.open()).addSnapshot({ x: "1" });
  const packs = await Array.fromAsync(bench.bucket.list("data/"), ({ key }) => key);
  await bench.clock.advance(bench.untilMs - bench.clock.now());
  await (await bench.open()).addSnapshot({ x: "2" });
  assert.equal((await bench.forget(old)).size, 0);
  const { untilMs } = bench;
  for (const { key } of await Array.fromAsync(bench.bucket.list("index/"))) await bench.bucket.locking?.retainUntil(key, untilMs);
  const first = await bench.prune();
  assert.deepEqual([first.plan.locked.packs, first.plan.locked.untilMs, first.result.deleted.packs], [2, untilMs, 0]);
  await bench.clock.advance(untilMs - bench.clock.now());
  // As others hide it, and overwrite it.
  for (const key of packs) {
    await bench.bucket.put(key, Buffer.from("x"));
    await bench.bucket.delete(key);
  }
  const second = await bench.prune();
  assert.deepEqual([second.plan.locked.packs, second.plan.locked.untilMs], [0, undefined]);
  for (const key of packs) assert.equal(await bench.count(key), 0);
  const [index, ...others] = await Array.fromAsync(bench.bucket.list("index/"), ({ key }) => key);
  assert.ok(index !== undefined && others.length === 0);
  assert.equal(await bench.bucket.locking?.retainedUntilMs(index), bench.untilMs, "what prune writes is locked, too");
});

test("prune says of packs that cannot be deleted yet until when, and removes for good what others deleted", async () => {
  const bench = await Bench.make();
  const plain = new SampleRepository(await openRepository(bench.bucket, SAMPLE_SECRET), bench.clock);
  await plain.addSnapshot({ x: "1" });
  const old = await plain.addSnapshot({ x: "2" });
  const [index] = await Array.fromAsync(bench.bucket.list("index/"), ({ key }) => key);
  await using session = await plain.session();
  const [pack] = Array.from(session.index.packs(), (number) => keyOfFile("data", session.index.packId(number)));
  assert.ok(index !== undefined && pack !== undefined);
  await bench.forget(old);
  for (const { key } of await Array.fromAsync(bench.bucket.list("data/"))) await bench.bucket.locking?.retainUntil(key, bench.untilMs);
  await bench.bucket.put(keyOfFile("locks", old.id), Buffer.from("x"));
  await bench.bucket.delete(keyOfFile("locks", old.id));
  const { result } = await bench.prune();
  assert.equal(result.swept, 1);
  assert.equal(await bench.count("locks/"), 0);
  assert.deepEqual(
    bench.findings.map(({ grade, code, message }) => `${grade} ${code} ${message}`),
    [`info packs_locked Cannot delete 2 packs yet: they are under Object Lock until 2026-03-01`],
  );
});

test("prune removes ledgers that no snapshot notes, once they are an hour old", async () => {
  const bench = await Bench.make();
  const sample = await bench.open();
  const { files } = sample.repository;
  const noted = await files.save("ledger", Buffer.from("[1]"));
  const lost = await files.save("ledger", Buffer.from("[2]"));
  const { snapshot } = await sample.addSnapshot({ x: "1" });
  await sample.addSnapshot({ x: "1" }, { otherFields: withLedger(snapshot, noted).otherFields });
  await bench.prune();
  assert.equal((await Array.fromAsync(files.list("ledger"))).length, 2);
  await bench.clock.advance(DAY_MS);
  await bench.prune();
  const left = await Array.fromAsync(files.list("ledger"), ({ id }) => id);
  assert.deepEqual([left, left.includes(lost)], [[noted], false]);
});

test("removeKey() says until when a key is locked, and prune removes it after that", async () => {
  const bench = await Bench.make();
  const { repository } = await bench.open();
  const { store, masterKey, keyId } = repository;
  const newKey = { password: "another", parameters: RANDOM_PASSWORD_PARAMETERS, owner: SAMPLE_OWNER };
  const id = await addKey(store, masterKey, newKey, bench.clock);
  assert.deepEqual(await removeKey(store, id, keyId, bench), { kind: "kept", untilMs: bench.untilMs });
  await changeSettings(repository.files, { expiringKeys: [id, keyId] }, bench);
  await bench.prune();
  assert.equal((await readKeys(bench.bucket)).keys.length, 2);
  await bench.clock.advance(bench.untilMs - bench.clock.now());
  await bench.prune();
  assert.deepEqual(
    (await readKeys(bench.bucket)).keys.map((key) => key.id),
    [keyId],
    "and not the one in use",
  );
  assert.deepEqual(await listKeyIds(bench.bucket), [keyId], "nor is its spare left");
});
