import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { MemoryStore } from "../../storage/memory.ts";
import type { ObjectKey } from "../../storage/object-store.ts";
import { CONFIG_KEY, keyOfFile } from "../layout.ts";
import { readThrough } from "../read-through.ts";
import { openRepository } from "../repository.ts";
import type { StoredSnapshot } from "../snapshots.ts";
import { SAMPLE_SECRET, SampleRepository, type SampleTree } from "../testing/sample-repository.ts";
import { retaining } from "./immutability.ts";
import { type EarlyExpiry, findEarlyExpiries } from "./lock-expiry.ts";
import { overwriteAll } from "./testing/tampering.ts";

const DAY_MS = 86_400_000;

class Bench {
  readonly clock = new FakeClock();
  readonly bucket = new MemoryStore({ clock: this.clock, versioned: true });

  /** All that is put is under Object Lock for so many days. */
  async add(tree: SampleTree, days: number): Promise<StoredSnapshot> {
    return (await this.#open(days)).addSnapshot(tree);
  }

  async early(neededDays: (snapshot: StoredSnapshot) => number | undefined): Promise<readonly EarlyExpiry[]> {
    await using session = await (await this.#open(0)).session();
    const neededMs = (snapshot: StoredSnapshot): number | undefined => {
      const days = neededDays(snapshot);
      return days === undefined ? undefined : this.clock.now() + days * DAY_MS;
    };
    return await findEarlyExpiries(session, { neededMs, clock: this.clock, progress: () => undefined });
  }

  async keys(type: string): Promise<readonly ObjectKey[]> {
    return Array.fromAsync(this.bucket.list(`${type}/`), ({ key }) => key);
  }

  async #open(days: number): Promise<SampleRepository> {
    const untilMs = this.clock.now() + days * DAY_MS;
    const seen = readThrough(this.bucket, { clock: this.clock, report: () => undefined });
    const store = days === 0 ? seen : retaining(seen, { neededMs: untilMs, untilMs });
    const isNew = (await Array.fromAsync(this.bucket.versions?.list("") ?? [])).length === 0;
    return isNew ? SampleRepository.init(store, this.clock) : new SampleRepository(await openRepository(store, SAMPLE_SECRET), this.clock);
  }
}

test("findEarlyExpiries() names all that a snapshot needs if that is locked for less long, and nothing else", async () => {
  const bench = new Bench();
  const { id } = await bench.add({ x: "1" }, 10);
  assert.deepEqual(await bench.early(() => 10), []);
  const early = await bench.early(() => 11);
  const all = await Array.fromAsync(bench.bucket.list(""), ({ key }) => key);
  assert.deepEqual(
    early.map(({ key }) => key),
    all.toSorted(),
  );
  assert.ok(early.every(({ untilMs }) => untilMs === bench.clock.now() + 10 * DAY_MS));
  const snapshot = early.find(({ key }) => key === keyOfFile("snapshots", id));
  assert.deepEqual(snapshot?.need, { untilMs: bench.clock.now() + 11 * DAY_MS, snapshot: id });
  assert.deepEqual(await bench.early(() => undefined), [], "of no snapshot that is needed");
});

test("findEarlyExpiries() asks of each file what the snapshot demands that needs it the longest", async () => {
  const bench = new Bench();
  const short = await bench.add({ a: { x: "1" }, b: { y: "2" } }, 10);
  const shortPacks = new Set(await bench.keys("data"));
  const long = await bench.add({ a: { x: "1" } }, 30);
  const early = await bench.early(({ id }) => (id === long.id ? 30 : 10));
  const packs = early.filter(({ key }) => key.startsWith("data/"));
  assert.ok(packs.length > 0, "it shares data with the first");
  assert.ok(packs.every(({ key, need }) => shortPacks.has(key) && need.snapshot === long.id));
  assert.ok(!early.some(({ key }) => key === keyOfFile("snapshots", short.id)));
});

test("findEarlyExpiries() names what is not locked at all, and an index file without which a pack is not found", async () => {
  const bench = new Bench();
  await bench.add({ x: "1" }, 10);
  await bench.add({ x: "2" }, 0);
  const unlocked = (await bench.early(() => 5)).map(({ key, untilMs }) => [key.replace(/\/.*/, ""), untilMs]);
  const counts = Object.groupBy(unlocked, ([type]) => String(type));
  assert.deepEqual([counts["data"]?.length, counts["index"]?.length, counts["snapshots"]?.length, counts["config"]], [2, 1, 1, undefined]);
  assert.ok(unlocked.every(([, untilMs]) => untilMs === undefined));
});

test("findEarlyExpiries() goes by the right version, not by what somebody has put over it and locked", async () => {
  const bench = new Bench();
  await bench.add({ x: "1" }, 10);
  await overwriteAll(bench.bucket, "data/");
  for (const key of await bench.keys("data")) await bench.bucket.locking?.retainUntil(key, bench.clock.now() + 100 * DAY_MS);
  assert.deepEqual(await bench.early(() => 10), []);
  const early = new Set((await bench.early(() => 20)).map(({ key }) => key));
  for (const key of await bench.keys("data")) assert.ok(early.has(key), key);
  await bench.bucket.locking?.setLegalHold(CONFIG_KEY, true);
  assert.ok(early.has(CONFIG_KEY));
  assert.ok(!(await bench.early(() => 20)).some(({ key }) => key === CONFIG_KEY), "a legal hold has no end");
});
