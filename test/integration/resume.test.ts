/** A run that does not end leaves a record, and the next one of the same source does not read again what that names. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { DomainError } from "../../src/base/errors.ts";
import type { HexId } from "../../src/base/ids.ts";
import { newGearParameters } from "../../src/repository/chunker/gear.ts";
import { CONFIG_KEY, folderOf, keyOfFile } from "../../src/repository/layout.ts";
import { PRUNE_MARGINS } from "../../src/repository/prune/margins.ts";
import type { Repository } from "../../src/repository/repository.ts";
import { listResumeRecords, saveResumeRecord } from "../../src/repository/resume-records.ts";
import { intercept } from "../../src/storage/intercept.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import type { ObjectStore } from "../../src/storage/object-store.ts";
import { type BackedUp, backUp, type BackUpOptions, newRepository, shiftedClock } from "../support/backup.ts";
import { environment } from "../support/environment.ts";
import { noise } from "../support/file-tree.ts";
import { contentBelow, filesIn, readRepositoryFrom } from "../support/plain-repository.ts";

/** As if what is there had been there for long. */
const LATER = shiftedClock(10_000);
const OFTEN: BackUpOptions = { packBytes: 10_000, checkpointInterval: { ms: 1e9, blobs: 1 }, readers: 1, clock: LATER };
/** Files go to readers in batches, so it takes several for something to be finished while others are read. */
const FILES = 2_400;
const FILE_BYTES = 1_000;
const GIVE_UP = new DomainError("internal", "test_ends_here", "The test ends the run here");

interface Setting {
  readonly store: MemoryStore;
  readonly repository: Repository;
  readonly source: string;
  readonly run: (store: ObjectStore, options?: BackUpOptions) => Promise<BackedUp>;
  /** Backs up until so many records were written, and fails then. */
  readonly cutOff: (records: number, options?: BackUpOptions) => Promise<void>;
  readonly records: () => Promise<readonly HexId[]>;
}

async function setting(t: TestContext, files = FILES): Promise<Setting> {
  const source = await environment(t).temporaryFolder();
  const store = new MemoryStore({ clock: systemClock });
  const chunker = { ...newGearParameters(), min: 4_096, mean: 16_384, max: 65_536, forcedCut: 1_000_000 };
  const repository = await newRepository(store, { chunker });
  fill(source, 0, files);
  const run: Setting["run"] = (into, options = {}) => backUp(into, ["."], { workingFolder: source, ...OFTEN, ...options });
  const records = async (): Promise<readonly HexId[]> => (await listResumeRecords(repository.files, 0)).records.map(({ id }) => id);
  const cutOff: Setting["cutOff"] = async (wanted, options) => {
    let written = 0;
    const ending = intercept(store, async ({ name, key }, call) => {
      if (name === "put" && key.startsWith("data/") && written >= wanted) throw GIVE_UP;
      const result = await call();
      if (name === "put" && key.startsWith(folderOf("resume"))) written++;
      return result;
    });
    await assert.rejects(run(ending, options), GIVE_UP);
  };
  return { store, repository, source, run, cutOff, records };
}

function fill(source: string, seed: number, files: number): void {
  for (let file = 0; file < files; file++) {
    const folder = join(source, `folder ${file % 3}`, `deeper ${file % 2}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `file ${file}`), noise(FILE_BYTES, seed + file));
  }
}

function filesOf({ snapshot: { summary } }: BackedUp): { readonly read: number; readonly kept: number } {
  assert.ok(summary);
  return { read: summary.filesNew + summary.filesChanged, kept: summary.filesUnmodified };
}

test("A run goes on from the record of one that failed, and removes it when its snapshot exists", async (t) => {
  const { store, run, cutOff, records } = await setting(t);
  await cutOff(2);
  assert.equal((await records()).length, 1, "a record is replaced by the next");
  const second = await run(store);
  const { read, kept } = filesOf(second);
  assert.ok(kept >= 500 && read + kept === FILES, `${kept} files were not read again, ${read} were`);
  assert.deepEqual(second.findings, []);
  assert.equal(second.snapshot.parent, undefined);
  assert.deepEqual(await records(), []);
  const whole = await run(store, { withParent: false });
  assert.deepEqual(filesOf(whole), { read: FILES, kept: 0 });
  assert.equal(whole.snapshot.tree, second.snapshot.tree);
});

test("Every blob below the tree of a record is in index files that were there before it", async (t) => {
  const { store, repository, run } = await setting(t);
  const entries: number[] = [];
  const looking = intercept(store, async ({ name, key }, call) => {
    const result = await call();
    if (name === "put" && key.startsWith(folderOf("resume"))) {
      const whole = await readRepositoryFrom(filesIn(store), repository.masterKey);
      const newest = whole.resumeRecords.toSorted((a, b) => a.timeMs - b.timeMs).at(-1) ?? assert.fail();
      entries.push(contentBelow(whole, newest.tree).size);
    }
    return result;
  });
  const { findings } = await run(looking, { readers: 3 });
  assert.deepEqual(findings, []);
  assert.ok(entries.length > 0 && entries.every((count) => count > 0), `${entries.join(", ")} files were in records`);
});

test("A run that goes on and fails too leaves both records, and what either names is not read again", async (t) => {
  const { store, run, cutOff, records } = await setting(t);
  await cutOff(2);
  await cutOff(1);
  assert.equal((await records()).length, 2);
  const last = await run(store);
  assert.ok(filesOf(last).kept >= 600, JSON.stringify(filesOf(last)));
  assert.deepEqual(await records(), []);
});

test("With a parent and a record, what changed is read again, and everything else is taken from the newest that knows it", async (t) => {
  const { store, source, run, cutOff } = await setting(t);
  const parent = await run(store);
  // All of one folder is new to the parent, and everything of it is in the record.
  rmSync(join(source, "folder 0"), { recursive: true });
  mkdirSync(join(source, "folder 0"));
  for (let file = 0; file < FILES; file++) writeFileSync(join(source, "folder 0", `file ${file}`), noise(FILE_BYTES, FILES + file));
  writeFileSync(join(source, "folder 2/file"), noise(FILE_BYTES, 2 * FILES));
  await cutOff(2, { clock: shiftedClock(20_000) });
  writeFileSync(join(source, "folder 0/file 0"), noise(FILE_BYTES, 3 * FILES));
  const next = await run(store, { clock: shiftedClock(30_000) });
  const { read, kept } = filesOf(next);
  assert.equal(next.snapshot.parent, parent.id);
  assert.equal(read + kept, FILES + (2 * FILES) / 3 + 1);
  assert.ok(kept >= (2 * FILES) / 3 + 500, `${kept} files were not read again`);
  const whole = await run(store, { withParent: false });
  assert.equal(whole.snapshot.tree, next.snapshot.tree);
});

test("What changed shortly before the run that left the record began is read again", async (t) => {
  const { store, run, cutOff, records } = await setting(t);
  await cutOff(1, { clock: shiftedClock(-60_000) });
  assert.equal((await records()).length, 1);
  assert.deepEqual(filesOf(await run(store)), { read: FILES, kept: 0 });
});

test("A record of other paths, from before the parent, without its tree, damaged or forged is not gone on from", async (t) => {
  const { store, repository, source, run } = await setting(t, 10);
  const { snapshot } = await run(store);
  const nowMs = systemClock.now();
  const ours = { host: hostname(), paths: [source] };
  const save = (record: { tree?: HexId; startMs?: number; paths?: string[] }): Promise<HexId> => {
    const { tree = snapshot.tree, startMs = nowMs + 60_000, paths = ours.paths } = record;
    return saveResumeRecord(repository.files, { timeMs: nowMs, startMs, source: { ...ours, paths }, tree });
  };
  const other = await save({ paths: ["/elsewhere"] });
  const before = await save({ startMs: nowMs - 60_000 });
  const missing = await save({ tree: "ef".repeat(32) as HexId });
  const forged = keyOfFile("resume", "cd".repeat(32) as HexId);
  await store.put(forged, await store.get(CONFIG_KEY));
  const second = await run(store, { clock: shiftedClock(20_000) });
  assert.deepEqual(
    new Set(second.findings.map(({ grade, code, object }) => `${grade} ${code} ${object}`)),
    new Set([`info resume_record_unusable holdfast/resume/${missing}`, `info resume_record_unusable ${forged}`]),
  );
  const left = await Array.fromAsync(repository.files.list("resume"), ({ id }) => id);
  assert.ok(!left.includes(before) && !left.includes(missing));
  assert.deepEqual(new Set(left), new Set([other, "cd".repeat(32)]));
  assert.equal(second.snapshot.tree, snapshot.tree);

  // Nobody goes on from them any more: whoever comes by removes them.
  await run(store, { clock: shiftedClock(PRUNE_MARGINS.resumeMs + 60_000) });
  assert.deepEqual(await Array.fromAsync(repository.files.list("resume")), []);
});

test("A backup goes on, and says so, where records cannot be written or removed", async (t) => {
  const { store, source, run } = await setting(t);
  const forbidden = (wanted: "put" | "delete"): ObjectStore =>
    intercept(store, async ({ name, key }, call) => {
      if (name === wanted && key.startsWith(folderOf("resume"))) throw new DomainError("forbidden", "storage_forbidden", "Cannot do it");
      return call();
    });
  for (const what of ["put", "delete"] as const) {
    const { findings } = await run(forbidden(what), { withParent: false, clock: shiftedClock(20_000) });
    assert.deepEqual(
      findings.map(({ grade, code }) => [grade, code]),
      [["info", "resume_record_failed"]],
    );
    rmSync(source, { recursive: true });
    fill(source, FILES, FILES);
  }
});

test("A run that is cancelled names what it has stored", async (t) => {
  const { store, repository, run } = await setting(t);
  const cancel = new AbortController();
  let packs = 0;
  const cancelling = intercept(store, async ({ name, key }, call) => {
    const result = await call();
    if (name === "put" && key.startsWith("data/") && ++packs === 100) cancel.abort(GIVE_UP);
    return result;
  });
  const rarely = { checkpointInterval: { ms: 1e9, blobs: 1e9 }, signal: cancel.signal };
  await assert.rejects(run(cancelling, rarely), GIVE_UP);
  assert.equal((await Array.fromAsync(repository.files.list("index"))).length, 1);
  const { snapshot } = await run(store);
  const sentAgain = snapshot.summary?.dataBlobs ?? Infinity;
  assert.ok(sentAgain < 0.75 * FILES, `${sentAgain} blobs were sent again`);
});
