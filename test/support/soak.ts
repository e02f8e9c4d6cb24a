/**
 * The life of one repository under mishaps, all drawn from a seed: backups and prunes that are killed, cancelled or lose their store at
 * any call, while calls are refused, hang, or happen and fail all the same. After each of them everything must be as it should be.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { backup } from "../../src/archive/backup/backup.ts";
import { NO_EXCLUDES } from "../../src/archive/backup/source.ts";
import { absolutePaths, treeSource } from "../../src/archive/backup/targets.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { Finding } from "../../src/base/finding.ts";
import type { HexId } from "../../src/base/ids.ts";
import { checkRepository } from "../../src/repository/check/check.ts";
import { newGearParameters } from "../../src/repository/chunker/gear.ts";
import { randomChunkerPolynomial } from "../../src/repository/format/polynomial.ts";
import { initRepository } from "../../src/repository/init.ts";
import { folderOf } from "../../src/repository/layout.ts";
import { executePrune } from "../../src/repository/prune/execute.ts";
import { PRUNE_MARGINS } from "../../src/repository/prune/margins.ts";
import { planPrune } from "../../src/repository/prune/plan.ts";
import { LeapingClock } from "../../src/repository/prune/testing/small-repository.ts";
import type { Repository } from "../../src/repository/repository.ts";
import { SealedFiles } from "../../src/repository/sealed-files.ts";
import { openSession, type Session } from "../../src/repository/session.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { retrying } from "../../src/storage/retrying.ts";
import { hanging, type Mishap, MISHAPS, mishapOf, type MishapKind, withMishap } from "./mishaps.ts";
import { contentBelow, filesIn, type PlainRepository, readRepositoryFrom } from "./plain-repository.ts";
import { randomFaults, seededRandom } from "./random-faults.ts";

export interface LifeReport {
  /** Runs that had a mishap, by what it was. */
  readonly rounds: Readonly<Record<MishapKind, number>>;
  readonly prunes: number;
  /** Runs that found a record of an earlier one. */
  readonly resumed: number;
}

type Draw = (below: number) => number;
/** Content by path. */
type Manifest = ReadonlyMap<string, string>;
type Work = (repository: Repository, signal: AbortSignal) => Promise<void>;

const ROUNDS = 24;
/** More than readers are given at a time. */
const FILES = 200;
const PACK_BYTES = 3_000;
const SNAPSHOTS = 4;
const LEAPS_MS = [0, 3_700_000, PRUNE_MARGINS.graceMs + 1_000, PRUNE_MARGINS.resumeMs + 1_000];
const RETRIES = { maxAttempts: 30, maxElapsedMs: 1e9, firstDelayMs: 1, maxDelayMs: 2 };

/** A repository to begin all lives of a process with: making a key takes its time. */
export async function newBorn(): Promise<Repository> {
  const clock = new LeapingClock();
  const chunker = { ...newGearParameters(), min: 4_096, mean: 16_384, max: 65_536, forcedCut: 1_000_000 };
  return initRepository(new MemoryStore({ clock }), {
    secret: { kind: "location-key", key: new Uint8Array(32) },
    owner: { username: "u", hostname: "h" },
    clock,
    chunkerFrom: { chunker, chunkerPolynomial: randomChunkerPolynomial() },
  });
}

/** @param source a folder that is filled and changed */
export async function live(born: Repository, source: string, seed: number): Promise<LifeReport> {
  const life = new Life(born, source, seed);
  await life.begin();
  for (let round = 0; round < ROUNDS; round++) await life.round();
  return life.end();
}

/** Short waits are a tenth as long. */
class HastyClock extends LeapingClock {
  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await systemClock.sleep(ms < 1_000 ? ms / 10 : ms, signal);
  }
}

class Life {
  readonly #born: Repository;
  readonly #source: string;
  readonly #draw: Draw;
  readonly #clock = new HastyClock();
  readonly #store = new MemoryStore({ clock: this.#clock });
  readonly #files = new Map<string, string>();
  /** Of each snapshot there must be. */
  readonly #expected = new Map<string, Manifest>();
  readonly #rounds = Object.fromEntries(MISHAPS.map((kind) => [kind, 0])) as Record<MishapKind, number>;
  /** Calls that a whole run made. */
  #calls = { backup: 100, prune: 100 };
  #prunes = 0;
  #findings: string[] = [];
  readonly #report = ({ message }: Finding): void => void this.#findings.push(message);
  #resumed = 0;

  constructor(born: Repository, source: string, seed: number) {
    this.#born = born;
    this.#source = source;
    const random = seededRandom(seed);
    this.#draw = (below) => Math.floor(random() * below);
  }

  async begin(): Promise<void> {
    for await (const { key } of this.#born.store.list("")) await this.#store.put(key, await this.#born.store.get(key));
    await rm(this.#source, { recursive: true, force: true });
    await mkdir(this.#source);
    await this.#change(1);
    await this.#run("backup", undefined, (repository, signal) => this.#backUp(repository, signal));
  }

  async round(): Promise<void> {
    this.#clock.leap(LEAPS_MS[this.#draw(LEAPS_MS.length)] ?? 0);
    const what = this.#draw(3) === 0 ? "prune" : "backup";
    const mishap = mishapOf(this.#draw, this.#calls[what]);
    this.#rounds[mishap.kind]++;
    if (what === "backup") {
      await this.#change(this.#draw(2) === 0 ? 1 : 0.1);
      await this.#run("backup", mishap, (repository, signal) => this.#backUp(repository, signal));
      return;
    }
    this.#prunes++;
    const graceMs = this.#draw(2) === 0 ? 0 : PRUNE_MARGINS.graceMs;
    await this.#run("prune", mishap, async (repository, signal) => {
      await this.#forget(repository, signal);
      await this.#prune(repository, signal, graceMs);
    });
  }

  async end(): Promise<LifeReport> {
    await this.#run("backup", undefined, (repository, signal) => this.#backUp(repository, signal));
    for (let round = 0; round < 3; round++) {
      this.#clock.leap(PRUNE_MARGINS.resumeMs + 1_000);
      await this.#run("prune", undefined, (repository, signal) => this.#prune(repository, signal, PRUNE_MARGINS.graceMs));
    }
    await this.#assertClean();
    return { rounds: this.#rounds, prunes: this.#prunes, resumed: this.#resumed };
  }

  /** A run with faults that it must get over, and what is to happen to it. */
  async #run(what: "backup" | "prune", mishap: Mishap | undefined, work: Work): Promise<void> {
    const abort = new AbortController();
    const failing = randomFaults(hanging(this.#store, seededRandom(this.#draw(2 ** 32))), this.#draw(2 ** 32));
    const mortal = withMishap(failing, mishap, abort);
    const store = retrying(mortal.store, { ...RETRIES, clock: this.#clock });
    const repository = { ...this.#born, store, files: new SealedFiles(store, this.#born.cipher, this.#born.config.version) };
    let failure: unknown;
    this.#findings = [];
    try {
      await work(repository, abort.signal);
      this.#calls[what] = mortal.calls();
    } catch (error) {
      if (!mortal.hasHappened()) throw error;
      failure = error;
    }
    if (!mortal.hasHappened()) assert.deepEqual(this.#findings, []);
    const whole = await readRepositoryFrom(filesIn(this.#store), this.#born.masterKey);
    await this.#assertExpected(whole, what, failure === undefined);
    for await (const { key } of this.#store.list(folderOf("locks"))) {
      // Also by a run that had done its work, and was killed or lost its store before it removed its lock.
      assert.ok(mortal.hasHappened() && mishap?.kind !== "cancelled", `${key} was left`);
      await this.#store.delete(key);
    }
  }

  async #backUp(repository: Repository, signal: AbortSignal): Promise<void> {
    await using session = await this.#session(repository, "shared", signal);
    if ((await Array.fromAsync(repository.files.list("resume", { signal }))).length > 0) this.#resumed++;
    await backup(session, {
      source: await treeSource(["."], this.#source, NO_EXCLUDES),
      description: {
        paths: absolutePaths(["."], this.#source),
        hostname: "h",
        username: "u",
        uid: 0,
        gid: 0,
        excludes: [],
        tags: [],
        programVersion: "holdfast test",
        otherFields: {},
      },
      parent: session.snapshots.at(-1),
      resume: true,
      packBytes: PACK_BYTES,
      checkpointInterval: { ms: 1e9, blobs: 1 },
      style: { names: { users: new Map(), groups: new Map() } },
      verify: "sample",
      readers: 1,
      clock: this.#clock,
      report: this.#report,
      progress: () => undefined,
    });
  }

  /** The newest stay. */
  async #forget(repository: Repository, signal: AbortSignal): Promise<void> {
    const tooMany = [...this.#expected.keys()].slice(0, -1 - this.#draw(SNAPSHOTS));
    for (const id of tooMany) await repository.files.remove("snapshots", id as HexId, { signal });
  }

  async #prune(repository: Repository, signal: AbortSignal, graceMs: number): Promise<void> {
    await using session = await this.#session(repository, "exclusive", signal);
    const options = { clock: this.#clock, report: () => undefined, progress: () => undefined, maxUnused: { bytes: 0 }, graceMs };
    await executePrune(session, await planPrune(session, options), options);
  }

  #session(repository: Repository, lock: "shared" | "exclusive" | "none", signal: AbortSignal): Promise<Session> {
    return openSession(repository, { lock, clock: this.#clock, report: this.#report, signal });
  }

  /** A backup adds one snapshot, and may have done so when it failed; a prune removes some of the oldest. Nothing else changes. */
  async #assertExpected(found: PlainRepository, what: "backup" | "prune", isDone: boolean): Promise<void> {
    const added = [...found.snapshots.keys()].filter((id) => !this.#expected.has(id));
    assert.ok(
      added.length <= (what === "backup" ? 1 : 0) && (added.length === 1 || !(isDone && what === "backup")),
      "a snapshot too many or too few",
    );
    for (const id of added) this.#expected.set(id, new Map(this.#files));
    const removed = [...this.#expected.keys()].filter((id) => !found.snapshots.has(id));
    assert.ok(what === "prune" || removed.length === 0, "a backup removed a snapshot");
    for (const id of removed) this.#expected.delete(id);
    const newest = [...this.#expected.keys()].at(-1);
    assert.ok(newest !== undefined && found.snapshots.has(newest), "the newest snapshot is gone");
    for (const [id, manifest] of this.#expected) {
      const { tree } = found.snapshots.get(id) ?? assert.fail();
      assert.deepEqual(contentBelow(found, tree), manifest);
    }
    // Whatever a record names was stored before it, and is kept until it is too old.
    const sinceMs = this.#clock.now() - PRUNE_MARGINS.resumeMs;
    for (const { tree, timeMs } of found.resumeRecords) if (timeMs >= sinceMs) contentBelow(found, tree);
  }

  /** What nothing needs is gone, all the rest is there, and check has nothing to say. */
  async #assertClean(): Promise<void> {
    const { signal } = new AbortController();
    const files = new SealedFiles(this.#store, this.#born.cipher, this.#born.config.version);
    await using session = await this.#session({ ...this.#born, store: this.#store, files }, "none", signal);
    const options = { clock: this.#clock, report: () => undefined, progress: () => undefined };
    const plan = await planPrune(session, { ...options, maxUnused: { bytes: 0 } });
    const left = [plan.drop.packs, plan.unindexed.packs, plan.delete.packs, plan.wait.packs, plan.unusedBytesAfter];
    assert.deepEqual(left, [0, 0, 0, 0, 0]);
    const { findings, ok } = await checkRepository(session, { ...options, readData: { kind: "all" } });
    assert.deepEqual(findings, []);
    assert.ok(ok);
  }

  /** @param share of the files */
  async #change(share: number): Promise<void> {
    for (let file = 0; file < FILES; file++) {
      if (this.#draw(1_000) >= 1_000 * share) continue;
      const path = `folder ${file % 5}/deeper ${file % 3}/file ${file}`;
      const content = Array.from({ length: this.#draw(8) }, () =>
        createHash("sha256")
          .update(`${this.#draw(2 ** 30)}`)
          .digest("hex"),
      ).join("");
      this.#files.set(`/${path}`, content);
      await mkdir(dirname(join(this.#source, path)), { recursive: true });
      await writeFile(join(this.#source, path), content);
    }
  }
}
