/** Whatever happens to one file of a repository: it is found, what it touches is known, the rest can be read, and a repair heals it. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { backup } from "../../src/archive/backup/backup.ts";
import { NO_EXCLUDES } from "../../src/archive/backup/source.ts";
import { absolutePaths, treeSource } from "../../src/archive/backup/targets.ts";
import { readOwnerNames } from "../../src/archive/owner-names.ts";
import { systemClock } from "../../src/base/clock.ts";
import { DomainError } from "../../src/base/errors.ts";
import { readUint32LE } from "../../src/base/bytes.ts";
import { type HexId, randomHexId } from "../../src/base/ids.ts";
import { encodeIndexFile } from "../../src/repository/index/index-file.ts";
import { type CheckResult, checkRepository } from "../../src/repository/check/check.ts";
import type { CheckFinding } from "../../src/repository/check/check-findings.ts";
import type { ReadData } from "../../src/repository/check/read-subset.ts";
import { initRepository } from "../../src/repository/init.ts";
import { idOfKey, keyOfFile, SPARE_FOLDER, WRITER_FOLDER } from "../../src/repository/layout.ts";
import { repairAccess } from "../../src/repository/repair/repair-access.ts";
import { repairIndex } from "../../src/repository/repair/repair-index.ts";
import { repairPacks } from "../../src/repository/repair/repair-packs.ts";
import { repairSnapshots } from "../../src/repository/repair/repair-snapshots.ts";
import { openRepository, type Repository } from "../../src/repository/repository.ts";
import { adopt } from "../../src/repository/writer.ts";
import { newLocationKey } from "../../src/repository/secret.ts";
import { openSession, type Session } from "../../src/repository/session.ts";
import { faulty } from "../../src/storage/faulty.ts";
import { FileStore } from "../../src/storage/file.ts";
import type { ObjectKey, ObjectStore } from "../../src/storage/object-store.ts";
import { copyOf, damage, DAMAGES, type DamageKind, keysOf, movedTo, unreadablePaths } from "../support/damaged-copies.ts";
import { environment } from "../support/environment.ts";
import { noise } from "../support/file-tree.ts";

const SECRET = newLocationKey();

interface Fixture {
  readonly store: ObjectStore;
  readonly repository: Repository;
  /** Each is a snapshot of its own. */
  readonly sources: readonly string[];
}

const OPENERS = ["config", "holdfast/repository.json", "keys"] as const;
const spareName = (name: string): string => `holdfast/spare/${basename(name)}`;

test("Every file of a repository: its damage is found and explained, and healed by a repair and one more backup", async (t) => {
  const fixture = await makeFixture(t);
  const keys = await keysOf(fixture.store);
  assert.deepEqual(
    new Set(keys.map(folderOf)),
    new Set([...OPENERS, ...OPENERS.map(spareName), "data", "holdfast/chunker", "index", "snapshots"]),
  );
  for (const [number, key] of keys.entries()) {
    for (const kind of DAMAGES) {
      await t.test(`${folderOf(key)} (file ${number}), ${kind}`, () => survives(fixture, key, kind));
    }
  }
});

async function survives(fixture: Fixture, key: ObjectKey, kind: DamageKind): Promise<void> {
  const store = await copyOf(fixture.store);
  await damage(store, key, kind);
  const repository = movedTo(fixture.repository, store);
  switch (folderOf(key)) {
    case "config":
    case "keys":
    case "holdfast/repository.json":
    case "holdfast/spare/config":
    case "holdfast/spare/keys":
    case "holdfast/spare/repository.json":
      await survivesAccessDamage(fixture, store, key, kind);
      break;
    case "holdfast/chunker":
      assertNamed(await checkAt(repository), key, "chunker_file_damaged");
      await withSession(repository, (session) => repairIndex(session, { ...REPORT, readAllPacks: false }));
      break;
    case "index":
      await survivesIndexDamage(repository, key, kind);
      break;
    case "snapshots":
      await survivesSnapshotDamage(fixture, repository, key, kind);
      break;
    default:
      await survivesPackDamage(fixture, repository, key, kind);
  }
  const healed = await checkAt(repository);
  assert.ok(healed.ok, describe(healed.findings));
}

/** What opens the repository is there twice. */
async function survivesAccessDamage(fixture: Fixture, store: ObjectStore, key: ObjectKey, kind: DamageKind): Promise<void> {
  const whole = new Map(
    await Array.fromAsync(fixture.store.list(""), async (info) => [info.key, await fixture.store.get(info.key)] as const),
  );
  const opened = await openRepository(store, SECRET);
  assert.deepEqual([opened.config, opened.identity], [fixture.repository.config, fixture.repository.identity]);
  const isSpare = key.startsWith(SPARE_FOLDER);
  assert.equal(
    opened.findings.some(({ object }) => object === key),
    !isSpare,
    "it is told if it was needed",
  );
  await withSession(opened, async (session) => assert.equal((await unreadablePaths(session)).size, 0));
  const result = await checkAt(opened);
  const code = `${isSpare ? "spare" : "access_file"}_${kind === "removed" ? "missing" : "damaged"}`;
  const finding = result.findings.find((candidate) => candidate.object === key && candidate.code === code);
  assert.match(finding?.message ?? describe(result.findings), /repository repair access/);
  assert.equal(result.ok, isSpare && kind === "removed");
  await repairAccess(opened, { dryRun: false, lostKeys: [], report: REPORT.report });
  for (const [at, bytes] of whole) assert.deepEqual(Buffer.from(await store.get(at)), Buffer.from(bytes), at);
  assert.deepEqual((await openRepository(store, SECRET)).findings, []);
}

async function survivesIndexDamage(repository: Repository, key: ObjectKey, kind: DamageKind): Promise<void> {
  const result = await checkAt(repository, { kind: "none" });
  if (kind === "removed") {
    // Nobody knows its name any more: the packs that it named are named instead.
    const packs = criticalsOf(result);
    assert.ok(packs.length > 0 && packs.every(({ code }) => code === "pack_unindexed"), describe(packs));
    assert.ok(
      packs.some(({ touched }) => touched.length > 0),
      describe(packs),
    );
  } else {
    assertNamed(result, key, "index_file_damaged");
  }
  await assertTouchedAreUnreadable(repository, result.findings);
  await withSession(repository, (session) => repairIndex(session, { ...REPORT, readAllPacks: false }));
}

async function survivesSnapshotDamage(fixture: Fixture, repository: Repository, key: ObjectKey, kind: DamageKind): Promise<void> {
  const result = await checkAt(repository);
  assert.equal(result.snapshots, fixture.sources.length - 1);
  if (kind === "removed") {
    // As after forget. What only it needed is still there, and counted.
    assert.ok(result.ok && result.unusedBlobs > 0, describe(result.findings));
  } else {
    const finding = assertNamed(result, key, "snapshot_damaged");
    assert.deepEqual(finding.touched, [{ snapshot: idOfKey(key), count: 1, paths: ["/"] }]);
  }
  await withSession(repository, async (session) => {
    assert.equal((await unreadablePaths(session)).size, 0);
    const { removed } = await repairSnapshots(session, { ...REPORT, snapshots: session.snapshots, forget: true });
    assert.deepEqual(removed, kind === "removed" ? [] : [idOfKey(key)]);
  });
}

async function survivesPackDamage(fixture: Fixture, repository: Repository, key: ObjectKey, kind: DamageKind): Promise<void> {
  if (kind === "cut" || kind === "removed") {
    // Without a look at data: the list of the store shows it.
    const structure = await checkAt(repository, { kind: "none" });
    assertNamed(structure, key, kind === "cut" ? "pack_damaged" : "pack_missing");
  }
  const result = await checkAt(repository);
  assertNamed(result, key, kind === "removed" ? "pack_missing" : "pack_damaged");
  await assertTouchedAreUnreadable(repository, result.findings);
  await withSession(repository, async (session) =>
    kind === "removed"
      ? repairIndex(session, { ...REPORT, readAllPacks: false })
      : repairPacks(session, { ...REPORT, packs: [idOfKey(key) ?? assert.fail()] }),
  );
  const afterRepair = await checkAt(repository);
  assert.ok(
    criticalsOf(afterRepair).every(({ code }) => code === "blobs_missing"),
    describe(afterRepair.findings),
  );
  // Their snapshots come in the order of the sources.
  const touched = new Set(result.findings.flatMap((finding) => finding.touched.map(({ snapshot }) => snapshot)));
  const snapshots = await withSession(repository, async (session) => session.snapshots);
  for (const [at, { id }] of snapshots.entries()) if (touched.has(id)) await backUp(repository, fixture.sources[at] ?? assert.fail());
}

test("An index that says of a pack what is not in it: that is found, and repaired from the pack itself", async (t) => {
  const { repository } = await makeFixture(t);
  const pack = await withSession(repository, async ({ index }) => index.packId(Array.from(index.packs())[0] ?? assert.fail()));
  const blob = { id: randomHexId(), type: "data", offset: 0, length: 50 } as const;
  await repository.files.save("index", encodeIndexFile([{ id: pack, blobs: [blob] }]));
  const finding = assertNamed(await checkAt(repository, { kind: "none" }), keyOfFile("data", pack), "pack_index_mismatch");
  assert.match(finding.message, /repair index --read-all-packs/);
  await withSession(repository, (session) => repairIndex(session, { ...REPORT, readAllPacks: true }));
  const healed = await checkAt(repository);
  assert.ok(healed.ok && healed.findings.length === 0, describe(healed.findings));
  assert.deepEqual([healed.unusedBlobs, healed.duplicateBlobs], [0, 0]);
});

test("A blob that lies in two packs: damage of one of them touches nothing", async (t) => {
  const { store, repository } = await makeFixture(t);
  const pack = await packWithTwoBlobs({ repository });
  const copy = await copyOf(store);
  await damageFirstBlob(copy, pack);
  await withSession(movedTo(repository, copy), (session) => repairPacks(session, { ...REPORT, packs: [pack] }));
  // Back comes the damaged pack, with the index files that name it.
  for (const key of await keysOf(store)) if (/^(data|index)/.test(key) && idOfKey(key) !== pack) await copy.put(key, await store.get(key));
  const whole = (await keysOf(store)).find((key) => idOfKey(key) === pack) ?? assert.fail();
  await copy.put(whole, await store.get(whole));
  await damageLastBlob(copy, pack);
  const result = await checkAt(movedTo(repository, copy));
  assert.deepEqual(assertNamed(result, whole, "pack_damaged").touched, []);
  assert.ok(result.duplicateBlobs > 0);
  assert.equal((await withSession(movedTo(repository, copy), unreadablePaths)).size, 0);
});

test("Records that runs only note to go faster: their damage is told, and nothing is wrong", async (t) => {
  const { store, repository } = await makeFixture(t);
  for (const type of ["marks", "resume", "ledger"] as const) {
    const key = keyOfFile(type, await repository.files.save(type, Buffer.from("{}")));
    await damage(store, key, "flipped in the middle");
    const result = await checkAt(repository);
    assert.ok(result.ok, describe(result.findings));
    const finding = result.findings.find(({ object }) => object === key);
    assert.deepEqual([finding?.grade, finding?.code], ["info", "record_damaged"]);
  }
});

test("The record of who writes: its damage is told", async (t) => {
  const { store, repository } = await makeFixture(t);
  await adopt(repository, { cluster: "one", force: false, clock: systemClock });
  assert.ok((await checkAt(repository)).ok);
  const key = (await keysOf(store)).find((candidate) => candidate.startsWith(WRITER_FOLDER)) ?? assert.fail();
  await damage(store, key, "cut");
  const result = await checkAt(repository);
  assert.deepEqual(
    criticalsOf(result).map(({ code }) => code),
    ["writer_record_damaged"],
  );
});

test("checkRepository() goes on when the store cannot read one pack, as a disk with a bad sector, and stops when it cannot read any", async (t) => {
  const fixture = await makeFixture(t);
  const packs = (await keysOf(fixture.store)).filter((key) => folderOf(key) === "data");
  for (const pack of packs) {
    const bad = faulty(fixture.store, ({ name, key }) => (name === "get" && key === pack ? "refused" : undefined));
    const result = await checkAt(movedTo(fixture.repository, bad));
    assertNamed(result, pack, "pack_unreadable");
    await assertTouchedAreUnreadable(movedTo(fixture.repository, bad), result.findings);
  }
  const gone = faulty(fixture.store, ({ name, key }) => (name === "get" && key.startsWith("data/") ? "refused" : undefined));
  const extraPacks = Array.from({ length: 10 }, (_, number) => join(dirname(fixture.sources[0] ?? ""), `extra${number}`));
  for (const [number, source] of extraPacks.entries()) {
    mkdirSync(source);
    writeFileSync(join(source, "file"), noise(1_000, 100 + number));
    await backUp(fixture.repository, source);
  }
  await assert.rejects(checkAt(movedTo(fixture.repository, gone)), (error) => error instanceof DomainError && error.kind === "unavailable");
});

test("Repairs of a pack, stopped before or after any call of the store: nothing more is lost, and the next one ends it", async (t) => {
  const fixture = await makeFixture(t);
  const pack = await packWithTwoBlobs(fixture);
  const damaged = await copyOf(fixture.store);
  await damageFirstBlob(damaged, pack);
  const before = await withSession(movedTo(fixture.repository, damaged), unreadablePaths);
  const repair = (session: Session): Promise<unknown> => repairPacks(session, { ...REPORT, packs: [pack] });
  // The new pack, the new index file, and away with the old ones.
  await stopEverywhere(fixture.repository, damaged, repair, before, 4);
});

test("Repairs of an index, stopped before or after any call of the store: nothing more is lost, and the next one ends it", async (t) => {
  const fixture = await makeFixture(t);
  const damaged = await copyOf(fixture.store);
  const [first = assert.fail(), second = assert.fail()] = (await keysOf(damaged)).filter((key) => folderOf(key) === "index");
  await damage(damaged, first, "removed");
  await damage(damaged, second, "cut");
  const before = await withSession(movedTo(fixture.repository, damaged), unreadablePaths);
  const repair = (session: Session): Promise<unknown> => repairIndex(session, { ...REPORT, readAllPacks: false });
  await stopEverywhere(fixture.repository, damaged, repair, before, 2);
});

test("repairSnapshots(), stopped before or after any call of the store: every point is there, whole or shortened", async (t) => {
  const fixture = await makeFixture(t);
  const damaged = await copyOf(fixture.store);
  const pack = await packWithTwoBlobs(fixture);
  await damageFirstBlob(damaged, pack);
  await withSession(movedTo(fixture.repository, damaged), (session) => repairPacks(session, { ...REPORT, packs: [pack] }));
  const repair = (session: Session): Promise<unknown> =>
    repairSnapshots(session, { ...REPORT, snapshots: session.snapshots, forget: true });
  const stops = await stopEach(damaged, (store) => withSession(movedTo(fixture.repository, store), repair));
  assert.ok(stops.length >= 4);
  for (const store of stops) {
    const repository = movedTo(fixture.repository, store);
    await withSession(repository, repair);
    assert.ok((await checkAt(repository)).ok);
    await withSession(repository, async ({ snapshots }) => {
      assert.equal(snapshots.length, fixture.sources.length);
      assert.equal(new Set(snapshots.map(({ snapshot }) => snapshot.paths.join())).size, fixture.sources.length);
    });
  }
});

test("A dry run of any repair writes nothing and finds the same", async (t) => {
  const fixture = await makeFixture(t);
  const store = await copyOf(fixture.store);
  const repository = movedTo(fixture.repository, store);
  const pack = await packWithTwoBlobs(fixture);
  await damageFirstBlob(store, pack);
  const keys = await keysOf(store);
  const dry = { ...REPORT, dryRun: true };
  const findings = await withSession(repository, async (session) => {
    await repairIndex(session, { ...dry, readAllPacks: true });
    await repairSnapshots(session, { ...dry, snapshots: session.snapshots, forget: true });
    return (await repairPacks(session, { ...dry, packs: [pack] })).findings;
  });
  assert.deepEqual(await keysOf(store), keys);
  assert.ok(findings.some(({ touched }) => touched.length > 0));
  const real = await withSession(repository, (session) => repairPacks(session, { ...REPORT, packs: [pack] }));
  assert.deepEqual(real.findings, findings);
});

const REPORT = { dryRun: false, clock: systemClock, report: (): void => undefined } as const;

async function stopEverywhere(
  original: Repository,
  damaged: ObjectStore,
  repair: (session: Session) => Promise<unknown>,
  lostBefore: ReadonlyMap<HexId, readonly string[]>,
  changes: number,
): Promise<void> {
  const stops = await stopEach(damaged, (store) => withSession(movedTo(original, store), repair));
  assert.equal(stops.length, changes);
  for (const store of stops) {
    const repository = movedTo(original, store);
    assertNoMoreLost(await withSession(repository, unreadablePaths), lostBefore);
    await withSession(repository, repair);
    assertNoMoreLost(await withSession(repository, unreadablePaths), lostBefore);
    const { findings } = await checkAt(repository);
    assert.ok(
      findings.every(({ code }) => code === "blobs_missing" || code === "pack_unindexed"),
      describe(findings),
    );
    assert.ok(
      findings.every(({ code, grade }) => code !== "pack_unindexed" || grade === "info"),
      describe(findings),
    );
  }
}

/** Copies of the store as a killed process leaves them: stopped before its first change, after it, after the second, and so on. */
async function stopEach(store: ObjectStore, work: (store: ObjectStore) => Promise<unknown>): Promise<ObjectStore[]> {
  const stopped: ObjectStore[] = [];
  for (let allowed = 0; ; allowed++) {
    const copy = await copyOf(store);
    let changes = 0;
    const plan = faulty(copy, ({ name }) => ((name === "put" || name === "delete") && ++changes > allowed ? "refused" : undefined));
    const error = await work(plan).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    if (error === undefined) return stopped;
    assert.ok(error instanceof DomainError && error.kind === "unavailable", `stopped by ${JSON.stringify(error)}`);
    stopped.push(copy);
  }
}

function assertNoMoreLost(now: ReadonlyMap<HexId, readonly string[]>, before: ReadonlyMap<HexId, readonly string[]>): void {
  for (const [snapshot, paths] of now) {
    const known = before.get(snapshot) ?? [];
    const isKnown = (path: string): boolean => known.some((other) => path === other || (other.endsWith("/") && path.startsWith(other)));
    assert.ok(paths.every(isKnown), `${paths.join()} instead of ${known.join()}`);
  }
}

/** What a check says is touched is what cannot be read, of each snapshot. */
async function assertTouchedAreUnreadable(repository: Repository, findings: readonly CheckFinding[]): Promise<void> {
  const said = new Map<HexId, readonly string[]>();
  for (const { snapshot, count, paths } of findings.flatMap(({ touched }) => touched)) {
    assert.equal(count, paths.length);
    said.set(snapshot, [...new Set([...(said.get(snapshot) ?? []), ...paths])].toSorted());
  }
  assert.deepEqual(said, await withSession(repository, unreadablePaths));
}

function assertNamed(result: CheckResult, key: ObjectKey, code: string): CheckFinding {
  assert.equal(result.ok, false);
  const finding = result.findings.find(({ object }) => object === key);
  assert.ok(finding !== undefined && finding.grade === "critical" && finding.code === code, describe(result.findings));
  return finding;
}

function criticalsOf({ findings }: CheckResult): readonly CheckFinding[] {
  return findings.filter(({ grade }) => grade === "critical");
}

function describe(findings: readonly CheckFinding[]): string {
  return findings.map(({ grade, code, message }) => `${grade} ${code}: ${message}`).join("\n");
}

function folderOf(key: ObjectKey): string {
  if (idOfKey(key) === undefined) return key;
  return key.slice(0, key.startsWith("data/") ? key.indexOf("/") : key.lastIndexOf("/"));
}

async function makeFixture(t: TestContext): Promise<Fixture> {
  const folder = await environment(t).temporaryFolder();
  const store = new FileStore(join(folder, "repository"), systemClock);
  const repository = await initRepository(store, { secret: SECRET, owner: { username: "test", hostname: "test" }, clock: systemClock });
  const sources = ["one", "two", "three"].map((name, number) => {
    const source = join(folder, name);
    mkdirSync(join(source, "deep/deeper"), { recursive: true });
    writeFileSync(join(source, "shared"), noise(200_000, 0));
    writeFileSync(join(source, "large"), noise(3_000_000, number + 1));
    writeFileSync(join(source, "deep/text"), `text of ${name} `.repeat(1_000));
    writeFileSync(join(source, "deep/deeper/small\n"), name);
    return source;
  });
  for (const source of sources) await backUp(repository, source);
  return { store, repository, sources };
}

async function backUp(repository: Repository, source: string): Promise<void> {
  await withSession(repository, async (session) =>
    backup(session, {
      // Without the folders above: others write in them, and their times are part of a tree.
      source: await treeSource([basename(source)], dirname(source), NO_EXCLUDES),
      description: {
        paths: absolutePaths([source], "/"),
        hostname: "test",
        username: "test",
        uid: 0,
        gid: 0,
        excludes: [],
        tags: [],
        programVersion: "holdfast test",
        otherFields: {},
      },
      parent: undefined,
      resume: false,
      style: { names: await readOwnerNames() },
      verify: "sample",
      readers: 1,
      clock: systemClock,
      report: () => undefined,
      progress: () => undefined,
    }),
  );
}

async function checkAt(repository: Repository, readData: ReadData = { kind: "all" }): Promise<CheckResult> {
  return withSession(repository, (session) =>
    checkRepository(session, { readData, clock: systemClock, report: () => undefined, progress: () => undefined }),
  );
}

/** Alone with the repository, it takes no lock: that would only take time. */
async function withSession<T>(repository: Repository, work: (session: Session) => Promise<T>): Promise<T> {
  const { signal } = new AbortController();
  await using session = await openSession(repository, { lock: "none", clock: systemClock, report: () => undefined, signal });
  return await work(session);
}

/** A pack of data that holds more than one blob. */
async function packWithTwoBlobs({ repository }: Pick<Fixture, "repository">): Promise<HexId> {
  return withSession(repository, async ({ index }) => {
    const blobs = Map.groupBy(
      Array.from(index.entries()).filter((entry) => index.typeOf(entry) === "data"),
      (entry) => index.packOf(entry),
    );
    const pack = blobs.entries().find(([, entries]) => entries.length > 1)?.[0] ?? assert.fail("every pack has one blob only");
    return index.packId(pack);
  });
}

async function damageFirstBlob(store: ObjectStore, pack: HexId): Promise<void> {
  await damageAt(store, pack, () => 20);
}

/** Where the last blob ends, the sealed list begins: it is as long as the last four bytes say. */
async function damageLastBlob(store: ObjectStore, pack: HexId): Promise<void> {
  await damageAt(store, pack, (bytes) => bytes.length - 4 - readUint32LE(bytes, bytes.length - 4) - 1);
}

async function damageAt(store: ObjectStore, pack: HexId, place: (bytes: Uint8Array) => number): Promise<void> {
  const key = (await keysOf(store)).find((candidate) => idOfKey(candidate) === pack) ?? assert.fail();
  const bytes = Uint8Array.from(await store.get(key));
  const at = place(bytes);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await store.put(key, bytes);
}
