/** Prune loses nothing: whatever is backed up, forgotten and pruned in whatever order, and wherever it is killed. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { systemClock } from "../../src/base/clock.ts";
import { asDomainError } from "../../src/base/errors.ts";
import type { HexId } from "../../src/base/ids.ts";
import { fc } from "../../src/base/testing/property.ts";
import { executePrune, type PruneResult } from "../../src/repository/prune/execute.ts";
import { PRUNE_MARGINS } from "../../src/repository/prune/margins.ts";
import { planPrune } from "../../src/repository/prune/plan.ts";
import { type Files, LeapingClock, SmallRepository } from "../../src/repository/prune/testing/small-repository.ts";
import { faulty } from "../../src/storage/faulty.ts";
import { FileStore } from "../../src/storage/file.ts";
import { intercept } from "../../src/storage/intercept.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import type { ObjectStore } from "../../src/storage/object-store.ts";
import { backUp, newRepository } from "../support/backup.ts";
import { environment } from "../support/environment.ts";

type Expected = Map<HexId, Files>;

async function prune(repository: SmallRepository, graceMs: number = PRUNE_MARGINS.graceMs): Promise<PruneResult> {
  await using session = await repository.session("exclusive");
  const options = { clock: repository.clock, report: () => undefined, progress: () => undefined, maxUnused: { bytes: 0 }, graceMs };
  return await executePrune(session, await planPrune(session, options), options);
}

/** Until nothing is left to do; all that is there is needed then. */
async function pruneAll(repository: SmallRepository): Promise<void> {
  for (let round = 0; round < 2; round++) {
    repository.clock.leap(PRUNE_MARGINS.graceMs + 1_000);
    await prune(repository);
  }
}

async function forget(repository: SmallRepository, expected: Expected, id: HexId): Promise<void> {
  await repository.repository.files.remove("snapshots", id);
  expected.delete(id);
}

/** What there would be if only what is needed had ever been stored; packs may be cut otherwise. */
async function neededBytes(repository: SmallRepository): Promise<number> {
  await using session = await repository.session("none");
  const plan = await planPrune(session, {
    clock: repository.clock,
    report: () => undefined,
    progress: () => undefined,
    maxUnused: { bytes: 0 },
  });
  assert.deepEqual([plan.drop.packs, plan.unindexed.packs, plan.delete.packs, plan.wait.packs, plan.unusedBytesAfter], [0, 0, 0, 0, 0]);
  return plan.keep.bytes + plan.rewrite.bytes;
}

type Step =
  | { readonly kind: "backup"; readonly files: Files }
  | { readonly kind: "forget"; readonly nr: number }
  | { readonly kind: "prune"; readonly graceMs: number }
  | { readonly kind: "leap"; readonly ms: number };

const CONTENT = fc.integer({ min: 0, max: 9 }).map((nr) => `content ${nr}`);
const FILES = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.array(CONTENT, { maxLength: 3 }), {
  minKeys: 1,
  noNullPrototype: true,
});
const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("backup" as const), files: FILES }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("forget" as const), nr: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("prune" as const), graceMs: fc.constantFrom(PRUNE_MARGINS.graceMs, 0) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("leap" as const), ms: fc.constantFrom(60_000, PRUNE_MARGINS.graceMs) }) },
);

test("Backup, forget and prune in any order keep every snapshot readable, and what nothing needs goes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { minLength: 3, maxLength: 9 }), async (steps) => {
      const clock = new LeapingClock();
      const repository = await SmallRepository.create(new MemoryStore({ clock }), clock);
      const expected: Expected = new Map();
      for (const step of steps) {
        if (step.kind === "backup") expected.set(await repository.addSnapshot(step.files), step.files);
        else if (step.kind === "prune") await prune(repository, step.graceMs);
        else if (step.kind === "leap") clock.leap(step.ms);
        else {
          const id = [...expected.keys()][step.nr % Math.max(expected.size, 1)];
          if (id !== undefined) await forget(repository, expected, id);
        }
        await repository.assertReadable(expected);
      }
      await pruneAll(repository);
      await repository.assertReadable(expected);
      await neededBytes(repository);
    }),
    { numRuns: 10 },
  );
});

/** A repository in which a prune has everything to do: to delete, to rewrite, to drop, to mark, to merge. */
async function busyRepository(
  store: ObjectStore,
  clock: LeapingClock,
): Promise<{ readonly repository: SmallRepository; readonly expected: Expected }> {
  const repository = await SmallRepository.create(store, clock);
  const expected: Expected = new Map();
  const ids: HexId[] = [];
  for (let nr = 0; nr < 3; nr++) {
    const files: Files = {
      a: ["always"],
      b: [`only ${nr}`, `${nr} and ${nr + 1}`],
      c: [`${nr - 1} and ${nr}`],
      d: [`more ${nr} `.repeat(90)],
    };
    const id = await repository.addSnapshot(files);
    ids.push(id);
    expected.set(id, files);
  }
  const [first, second] = ids;
  await forget(repository, expected, first ?? assert.fail("no snapshot"));
  await prune(repository);
  clock.leap(PRUNE_MARGINS.graceMs + 1_000);
  await forget(repository, expected, second ?? assert.fail("no snapshot"));
  const files: Files = { a: ["always"], e: ["added since"] };
  expected.set(await repository.addSnapshot(files), files);
  return { repository, expected };
}

async function copyOf(store: ObjectStore, clock: LeapingClock): Promise<ObjectStore> {
  const copy = new MemoryStore({ clock });
  for await (const { key } of store.list("")) await copy.put(key, await store.get(key));
  return copy;
}

test("A prune that is cut off at any change of the store loses nothing, and the next ones finish it", async () => {
  const clock = new LeapingClock();
  const store = new MemoryStore({ clock });
  const { repository, expected } = await busyRepository(store, clock);
  const whole = repository.in(await copyOf(store, clock));
  whole.clock.leap(PRUNE_MARGINS.graceMs + 1_000);
  await pruneAll(whole);
  const bytes = await neededBytes(whole);
  for (let nr = 0, isCut = true; isCut; nr++) {
    const copy = await copyOf(store, clock);
    clock.leap(PRUNE_MARGINS.graceMs + 1_000);
    // Without grace it takes all of the steps.
    isCut = await cutOff(repository.in(copy), { after: nr, graceMs: 0 });
    const after = repository.in(copy);
    await after.removeLocks();
    await after.assertReadable(expected);
    await pruneAll(after);
    await after.assertReadable(expected);
    assert.equal(await neededBytes(after), bytes);
    assert.ok(nr < 100, "a prune that never ends");
  }
});

interface Cut {
  /** Changes that go well. */
  readonly after: number;
  readonly graceMs: number;
}

/** Whether it was cut off before its end. */
async function cutOff(repository: SmallRepository, { after, graceMs }: Cut): Promise<boolean> {
  let changes = 0;
  const store = faulty(repository.repository.store, ({ name, key }) => {
    if ((name !== "put" && name !== "delete") || key.startsWith("locks/")) return undefined;
    changes++;
    return changes > after ? "refused" : undefined;
  });
  try {
    await prune(repository.in(store), graceMs);
  } catch (error) {
    assert.equal(asDomainError(error).code, "storage_unavailable");
  }
  return changes > after;
}

/** `make soak` does many. */
const KILLS = 4 * Number(process.env["HOLDFAST_SOAK_ROUNDS"] ?? "1");
const LONGEST_MS = 400;

test("A prune that is killed loses nothing, and the next ones finish it", async (t) => {
  const root = await environment(t).temporaryFolder();
  for (let nr = 0; nr < KILLS; nr++) {
    const folder = join(root, `${nr}`);
    const clock = new LeapingClock();
    const { repository, expected } = await busyRepository(new FileStore(folder, systemClock), clock);
    const child = spawn(process.execPath, [join(import.meta.dirname, "../support/prune-process.ts"), folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    const afterMs = randomInt(LONGEST_MS);
    await wait(afterMs);
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    t.diagnostic(`killed ${afterMs} ms after it began`);
    await repository.removeLocks();
    await repository.assertReadable(expected);
    await pruneAll(repository);
    await repository.assertReadable(expected);
    await neededBytes(repository);
  }
});

test("A backup ends without a snapshot if somebody who did not see its lock pruned what it may rely on", async (t) => {
  const folder = await environment(t).temporaryFolder();
  await writeFile(join(folder, "old"), "content that was stored before");
  const store = new MemoryStore({ clock: systemClock });
  const repository = new SmallRepository(await newRepository(store), new LeapingClock());
  const { id } = await backUp(store, [folder]);
  await repository.repository.files.remove("snapshots", id);
  await writeFile(join(folder, "new"), "content that is stored now");
  let pruned: Promise<unknown> | undefined;
  const meanwhile = intercept(store, async ({ name, key }, call) => {
    // When the run stores something, its index is read, and its snapshot is not written yet.
    if (name === "put" && key.startsWith("data/")) await (pruned ??= repository.removeLocks().then(() => prune(repository, 0)));
    return call();
  });
  await assert.rejects(backUp(meanwhile, [folder]), { kind: "conflict", code: "pruned_meanwhile" });
  assert.equal(await repository.count("snapshots"), 0);
  await backUp(store, [folder]);
  await pruneAll(repository);
  assert.equal(await repository.count("snapshots"), 1);
});
