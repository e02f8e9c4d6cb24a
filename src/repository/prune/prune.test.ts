import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { keyOfFile } from "../layout.ts";
import { assertNothingMarked, listMarks, markIds, saveMark } from "../marks.ts";
import { readThrough } from "../read-through.ts";
import { saveResumeRecord } from "../resume-records.ts";
import { executePrune, type PruneResult } from "./execute.ts";
import { PRUNE_MARGINS } from "./margins.ts";
import { planPrune, type PruneOptions, type PrunePlan } from "./plan.ts";
import { type Files, LeapingClock, SmallRepository } from "./testing/small-repository.ts";

const NO_GRACE = { graceMs: 0 };
const OLD: Files = { a: ["one", "two"], b: ["three"], c: ["shared"] };
const NEW: Files = { a: ["four"], c: ["shared"], d: ["five", "six"] };

interface Pruned {
  readonly plan: PrunePlan;
  readonly result: PruneResult;
}

async function prune(repository: SmallRepository, options: Partial<PruneOptions> = {}): Promise<Pruned> {
  await using session = await repository.session("exclusive");
  const all = { clock: repository.clock, report: () => undefined, progress: () => undefined, maxUnused: { bytes: 0 }, ...options };
  const plan = await planPrune(session, all);
  return { plan, result: await executePrune(session, plan, all) };
}

async function planOnly(repository: SmallRepository, options: Partial<PruneOptions> = {}): Promise<PrunePlan> {
  await using session = await repository.session("none");
  return await planPrune(session, { clock: repository.clock, report: () => undefined, progress: () => undefined, ...options });
}

async function newRepository(): Promise<SmallRepository> {
  const clock = new LeapingClock();
  return SmallRepository.create(new MemoryStore({ clock }), clock);
}

interface Forgotten {
  readonly repository: SmallRepository;
  readonly old: Uint8Array;
  readonly oldId: HexId;
  readonly left: Map<HexId, Files>;
}

/** With an old snapshot, which is forgotten, and a new one. */
async function forgotten(given?: SmallRepository): Promise<Forgotten> {
  const repository = given ?? (await newRepository());
  const oldId = await repository.addSnapshot(OLD);
  const left = new Map([[await repository.addSnapshot(NEW), NEW]]);
  const { store, files } = repository.repository;
  const old = await store.get(keyOfFile("snapshots", oldId));
  await files.remove("snapshots", oldId);
  return { repository, old, oldId, left };
}

test("prune marks what is not needed, and deletes it only after the grace period", async () => {
  const { repository, left } = await forgotten();
  const before = await repository.count("data");
  const first = await prune(repository);
  assert.ok(first.result.marked.packs > 0);
  assert.equal(first.result.deleted.packs, 0);
  assert.equal(await repository.count("data"), before + first.result.written.packs);
  assert.equal(await repository.count("marks"), 1);
  await repository.assertReadable(left);

  const early = await prune(repository);
  assert.deepEqual([early.plan.wait.packs, early.result.deleted.packs], [first.result.marked.packs, 0]);
  repository.clock.leap(PRUNE_MARGINS.graceMs);
  const late = await prune(repository);
  assert.equal(late.result.deleted.packs, first.result.marked.packs);
  await repository.assertReadable(left);
  assert.equal(await repository.count("marks"), 0);
  const nothing = await planOnly(repository);
  assert.deepEqual([nothing.rewrite.packs, nothing.drop.packs, nothing.unindexed.packs, nothing.delete.packs], [0, 0, 0, 0]);
  assert.equal(nothing.keep.packs, await repository.count("data"));
});

test("prune without grace deletes at once, and leaves the mark for runs that look for it", async () => {
  const { repository, left } = await forgotten();
  await using session = await repository.session("none");
  const seen = await markIds(repository.repository.files);
  const { result } = await prune(repository, NO_GRACE);
  assert.ok(result.deleted.packs > 0);
  await repository.assertReadable(left);
  await assert.rejects(assertNothingMarked(session, seen), { kind: "conflict", code: "pruned_meanwhile" });
  repository.clock.leap(PRUNE_MARGINS.graceMs);
  await prune(repository, NO_GRACE);
  assert.equal(await repository.count("marks"), 0);
});

test("planPrune() changes nothing", async () => {
  const { repository, left } = await forgotten();
  const before = await Array.fromAsync(repository.repository.store.list(""));
  const plan = await planOnly(repository);
  assert.ok(plan.rewrite.packs + plan.drop.packs > 0);
  assert.deepEqual(await Array.fromAsync(repository.repository.store.list("")), before);
  await repository.assertReadable(left);
});

test("prune puts back what was marked and is needed by a run that lost its lock", async () => {
  const { repository, left } = await forgotten();
  await using lost = await repository.session("none");
  await prune(repository);
  left.set(await repository.addSnapshotIn(lost, OLD), OLD);
  repository.clock.leap(PRUNE_MARGINS.graceMs);
  const { plan } = await prune(repository);
  assert.ok(plan.putBack.length > 0);
  await repository.assertReadable(left);
  repository.clock.leap(2 * PRUNE_MARGINS.graceMs);
  await prune(repository);
  await repository.assertReadable(left);
});

/** With Object Lock, as commands see it. */
async function forgottenUnderLock(): Promise<Forgotten & { readonly store: MemoryStore; readonly findings: readonly Finding[] }> {
  const clock = new LeapingClock();
  const store = new MemoryStore({ clock, versioned: true });
  const findings: Finding[] = [];
  const seenThrough = readThrough(store, { clock, report: (finding) => findings.push(finding) });
  return { ...(await forgotten(await SmallRepository.create(seenThrough, clock))), store, findings };
}

test("prune deletes packs under Object Lock for good, and leaves and reports those under hold", async () => {
  const { repository, left, store } = await forgottenUnderLock();
  const { work } = await planOnly(repository, { maxUnused: { bytes: 0 } });
  const [locked = assert.fail("nothing to delete"), ...others] = work.toMark.map(({ id }) => keyOfFile("data", id));
  await store.locking?.setLegalHold(locked, true);
  const findings: Finding[] = [];
  const { result } = await prune(repository, { ...NO_GRACE, report: (finding) => findings.push(finding) });
  assert.deepEqual([result.deleted.packs, result.marked.packs], [others.length, 1]);
  assert.deepEqual(
    findings.map(({ code }) => code),
    ["packs_locked"],
  );
  const versions = await Array.fromAsync(store.versions?.list("data/") ?? []);
  assert.ok(others.length > 0 && versions.every(({ key }) => !others.includes(key)));
  assert.ok(versions.some(({ key }) => key === locked));
  await repository.assertReadable(left);
});

test("prune leaves what index files under retention name until that has ended", async () => {
  const { repository, left, store } = await forgottenUnderLock();
  const untilMs = repository.clock.now() + PRUNE_MARGINS.graceMs;
  for await (const { key } of store.list("index/")) await store.locking?.retainUntil(key, untilMs);
  const before = await repository.count("index");
  const early = await prune(repository, NO_GRACE);
  assert.deepEqual([early.plan.rewritesIndex, early.result.marked.packs, early.result.deleted.packs], [false, 0, 0]);
  assert.ok(early.plan.unusedBytesAfter > 0);
  assert.equal(await repository.count("index"), before);
  assert.equal(await repository.count("marks"), 0);

  const files: Files = { z: ["stored since"] };
  left.set(await repository.addSnapshot(files), files);
  repository.clock.leap(PRUNE_MARGINS.graceMs);
  const late = await prune(repository, NO_GRACE);
  assert.ok(late.result.deleted.packs > 0);
  await repository.assertReadable(left);
});

test("prune replaces a damaged mark by a new one", async () => {
  const { repository, left } = await forgotten();
  const { store } = repository.repository;
  const first = await prune(repository);
  for await (const { key } of store.list("holdfast/marks/")) await store.put(key, Buffer.from("damaged"));
  repository.clock.leap(PRUNE_MARGINS.graceMs);
  const { plan, result } = await prune(repository);
  assert.deepEqual([plan.unindexed.packs, result.deleted.packs], [first.result.marked.packs, 0]);
  assert.equal(await repository.count("marks"), 1);
  repository.clock.leap(PRUNE_MARGINS.graceMs);
  assert.equal((await prune(repository)).result.deleted.packs, first.result.marked.packs);
  await repository.assertReadable(left);
});

test("prune keeps what young resume records name, and drops old records", async () => {
  const { repository, oldId, old, left } = await forgotten();
  const { store, files } = repository.repository;
  await store.put(keyOfFile("snapshots", oldId), old);
  const tree = (await treesOfSnapshots(repository)).get(oldId);
  await files.remove("snapshots", oldId);
  const nowMs = repository.clock.now();
  const record = { timeMs: nowMs, startMs: nowMs, source: { host: "h", paths: ["/"] } };
  for (const named of [tree ?? assert.fail("no tree"), "f".repeat(64) as HexId]) await saveResumeRecord(files, { ...record, tree: named });
  await prune(repository, NO_GRACE);
  await store.put(keyOfFile("snapshots", oldId), old);
  await repository.assertReadable(new Map([...left, [oldId, OLD]]));

  await files.remove("snapshots", oldId);
  repository.clock.leap(PRUNE_MARGINS.resumeMs + 1_000);
  const { result } = await prune(repository, NO_GRACE);
  assert.ok(result.deleted.packs > 0);
  assert.deepEqual(await Array.fromAsync(files.list("resume")), []);
});

test("prune marks packs that no index names once they are an hour old", async () => {
  const { repository, left } = await forgotten();
  const { store } = repository.repository;
  await prune(repository, NO_GRACE);
  const stray = keyOfFile("data", "a".repeat(64) as HexId);
  await store.put(stray, Buffer.from("left by a run that was killed"));
  assert.equal((await planOnly(repository)).unindexed.packs, 0);
  repository.clock.leap(PRUNE_MARGINS.unindexedMs);
  assert.equal((await prune(repository)).plan.unindexed.packs, 1);
  repository.clock.leap(PRUNE_MARGINS.graceMs);
  await prune(repository);
  await assert.rejects(store.get(stray), { code: "object_not_found" });
  await repository.assertReadable(left);
});

test("prune merges small index files", async () => {
  const repository = await newRepository();
  const left = new Map<HexId, Files>();
  for (let nr = 0; nr < 14; nr++) {
    const files = { a: [`content ${nr}`] };
    left.set(await repository.addSnapshot(files), files);
    repository.clock.leap(1_000);
  }
  await prune(repository, NO_GRACE);
  assert.equal(await repository.count("index"), 1);
  await repository.assertReadable(left);
});

const DAMAGES: readonly { readonly name: string; readonly folder: string; readonly code: string; readonly damage: "remove" | "cut" }[] = [
  { name: "a damaged index file", folder: "index/", code: "index_damaged", damage: "cut" },
  { name: "a missing index file", folder: "index/", code: "blobs_missing", damage: "remove" },
  { name: "a damaged snapshot", folder: "snapshots/", code: "snapshots_damaged", damage: "cut" },
];

for (const { name, folder, code, damage } of DAMAGES) {
  test(`planPrune() refuses a repository with ${name}`, async () => {
    const { repository } = await forgotten();
    const { store } = repository.repository;
    for await (const { key } of store.list(folder)) {
      const bytes = await store.get(key);
      if (damage === "cut") await store.put(key, bytes.subarray(0, bytes.length - 1));
      else await store.delete(key);
    }
    await assert.rejects(planDamaged(repository), { kind: "corrupt", code });
  });
}

test("planPrune() refuses to go on from an index that others have added to", async () => {
  const { repository } = await forgotten();
  await using session = await repository.session("none");
  await repository.addSnapshot({ z: ["added meanwhile"] });
  const options = { clock: repository.clock, report: () => undefined, progress: () => undefined };
  await assert.rejects(planPrune(session, options), { kind: "conflict", code: "index_changed" });
});

test("planPrune() refuses to go on when a pack is missing or has another length, unless nothing needs it", async () => {
  const { repository } = await forgotten();
  const { store } = repository.repository;
  const keys = await Array.fromAsync(store.list("data/"), ({ key }) => key);
  const codes = new Set<string>();
  for (const key of keys) {
    const bytes = await store.get(key);
    await store.delete(key);
    codes.add(await codeOf(planOnly(repository)));
    await store.put(key, Buffer.concat([bytes, bytes]));
    codes.add(await codeOf(planOnly(repository)));
    await store.put(key, bytes);
  }
  assert.deepEqual(codes, new Set(["", "packs_missing", "pack_size", "object_not_found", "file_hash"]));
});

test("listMarks() gives what saveMark() wrote, and reports damaged marks", async () => {
  const repository = await newRepository();
  const { files } = repository.repository;
  const packs = [{ id: "b".repeat(64) as HexId, bytes: 7 }];
  const indexFiles = ["d".repeat(64) as HexId];
  const timeMs = repository.clock.now() + 5_000;
  const id = await saveMark(files, { timeMs, packs, indexFiles });
  await files.save("marks", Buffer.from('{"version":1,"time":"2026-01-01T00:00:00Z","packs":[{"id":"x","bytes":1}],"indexFiles":[]}'));
  const { marks, damaged } = await listMarks(files);
  assert.deepEqual(marks, [{ id, timeMs, packs, indexFiles }]);
  assert.deepEqual(
    damaged.map(({ finding }) => finding.code),
    ["mark_damaged"],
  );
  await files.save("marks", Buffer.from('{"version":2}'));
  await assert.rejects(listMarks(files), { kind: "unsupported", code: "mark_version" });
});

test("assertNothingMarked() minds new marks of packs that the index has, and no others", async () => {
  const { repository } = await forgotten();
  const { files } = repository.repository;
  await using session = await repository.session("shared");
  const [pack = assert.fail("no pack")] = Array.from(session.index.packs(), (nr) => session.index.packId(nr));
  const timeMs = repository.clock.now();
  await saveMark(files, { timeMs, packs: [{ id: pack, bytes: 1 }], indexFiles: [] });
  const seen = await markIds(files);
  await saveMark(files, { timeMs, packs: [{ id: "c".repeat(64) as HexId, bytes: 1 }], indexFiles: [] });
  await assertNothingMarked(session, seen);
  await saveMark(files, { timeMs, packs: [{ id: pack, bytes: 1 }], indexFiles: [] });
  await assert.rejects(assertNothingMarked(session, seen), { kind: "conflict", code: "pruned_meanwhile" });
});

async function treesOfSnapshots(repository: SmallRepository): Promise<ReadonlyMap<HexId, HexId>> {
  await using session = await repository.session("none");
  return new Map(session.snapshots.map(({ id, snapshot }) => [id, snapshot.tree]));
}

async function planDamaged(repository: SmallRepository): Promise<PrunePlan> {
  await using session = await repository.session("none", () => undefined);
  return await planPrune(session, { clock: repository.clock, report: () => undefined, progress: () => undefined });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "";
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
}
