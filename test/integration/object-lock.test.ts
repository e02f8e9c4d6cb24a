/**
 * Object Lock in compliance mode against an attacker who has all rights to the bucket, and no key to the repository: what he can do, every
 * point survives.
 */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { resticBinary } from "../../dev/peers/restic.ts";
import { EVERYTHING } from "../../src/archive/restore/options.ts";
import { restore } from "../../src/archive/restore/restore.ts";
import { systemClock } from "../../src/base/clock.ts";
import { DomainError } from "../../src/base/errors.ts";
import type { Finding } from "../../src/base/finding.ts";
import type { HexId } from "../../src/base/ids.ts";
import { executeForget, type LockedSnapshots, planForgetByName } from "../../src/repository/forget.ts";
import { initRepository } from "../../src/repository/init.ts";
import { CONFIG_KEY } from "../../src/repository/layout.ts";
import { extendFor } from "../../src/repository/object-lock/extend.ts";
import { findHeldIndex } from "../../src/repository/object-lock/held-index.ts";
import { type RetentionDates, retaining, retentionDates } from "../../src/repository/object-lock/immutability.ts";
import { isRetained } from "../../src/repository/object-lock/lockable-files.ts";
import { deleteAll, overwriteAll } from "../../src/repository/object-lock/testing/tampering.ts";
import { executePrune } from "../../src/repository/prune/execute.ts";
import { planPrune } from "../../src/repository/prune/plan.ts";
import { readThrough } from "../../src/repository/read-through.ts";
import { openRepository } from "../../src/repository/repository.ts";
import { newLocationKey, repositoryPassword } from "../../src/repository/secret.ts";
import { openSession, type Session, type SessionOptions } from "../../src/repository/session.ts";
import { undelete } from "../../src/repository/undelete.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import type { ObjectStore, VersionInfo } from "../../src/storage/object-store.ts";
import { openS3Store } from "../../src/storage/s3/store.ts";
import { parseS3Url } from "../../src/storage/s3/url.ts";
import { type BackedUp, backUp, newRepository } from "../support/backup.ts";
import { describeTree, noise } from "../support/file-tree.ts";
import { type Bucket, environment } from "../support/environment.ts";
import { type Restic, resticOn } from "../support/restic.ts";

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;
/** Long enough for a few questions: a test waits for its end. */
const RETENTION_MS = 12 * SECOND_MS;
const clock = systemClock;
const signal = new AbortController().signal;

/** Whole seconds instead of months. */
function datesFor(retentionMs: number): RetentionDates {
  return retentionDates({ retentionMs, marginMs: 0 }, clock.now(), (ms) => Math.ceil(ms / SECOND_MS) * SECOND_MS);
}

class LockedBucket {
  readonly findings: Finding[] = [];
  /** With all rights, and as it is. */
  readonly raw: ObjectStore;
  readonly #bucket: Bucket;
  readonly #secret = newLocationKey();
  #password = "";

  private constructor(bucket: Bucket, raw: ObjectStore) {
    this.#bucket = bucket;
    this.raw = raw;
  }

  static async make(t: TestContext): Promise<LockedBucket> {
    const bucket = await environment(t).bucket({ objectLock: true });
    const location = parseS3Url(`s3://${bucket.name}/repository?endpoint=${bucket.server.endpoint}`, {});
    const raw = await openS3Store(location, { credentials: () => Promise.resolve(bucket.server), environment: {}, signal: t.signal });
    t.after(() => raw[Symbol.asyncDispose]());
    return new LockedBucket(bucket, raw);
  }

  /** What the location's key comes to, for programs that want a password. */
  get password(): string {
    return this.#password;
  }

  async init(dates: RetentionDates): Promise<void> {
    const owner = { username: "test", hostname: "test" };
    const { identity } = await initRepository(this.store(dates), { secret: this.#secret, owner, clock });
    this.#password = repositoryPassword(this.#secret, identity);
  }

  /** As Holdfast has it. */
  store(dates?: RetentionDates): ObjectStore {
    const seen = readThrough(this.raw, { clock, report: (finding) => void this.findings.push(finding) });
    return dates === undefined ? seen : retaining(seen, dates);
  }

  async session(lock: SessionOptions["lock"], store = this.store()): Promise<Session> {
    const repository = await openRepository(store, this.#secret);
    return openSession(repository, { lock, clock, report: (finding) => assert.fail(finding.message), signal });
  }

  async restic(): Promise<Restic> {
    const { server, name } = this.#bucket;
    const repository = `s3:${server.endpoint}/${name}/repository`;
    const env = { AWS_ACCESS_KEY_ID: server.accessKeyId, AWS_SECRET_ACCESS_KEY: server.secretAccessKey, AWS_DEFAULT_REGION: server.region };
    return resticOn({ program: await resticBinary(signal), repository, password: this.#password, env });
  }
}

interface Point extends BackedUp {
  /** The folder as it was. */
  readonly files: Readonly<Record<string, unknown>>;
  readonly ledger: HexId;
  readonly extendedPacks: number;
}

/** Backs up, and extends what the point uses. */
async function addPoint(bucket: LockedBucket, folder: string, dates: RetentionDates, parentLedger?: HexId): Promise<Point> {
  const store = bucket.store(dates);
  const result = await backUp(store, ["."], { workingFolder: folder, password: bucket.password });
  await using session = await bucket.session("shared", store);
  const report = (finding: Finding): void => assert.fail(finding.message);
  const options = { tree: result.snapshot.tree, parentLedger, newPacks: new Set<HexId>(), dates, report };
  return { ...result, ...(await extendFor(session, options)), files: describeTree(folder) };
}

/** Two points that share data, in a bucket of which nothing can be deleted. */
async function addTwoPoints(t: TestContext, bucket: LockedBucket): Promise<readonly Point[]> {
  const folder = await environment(t).temporaryFolder();
  await writeFile(join(folder, "kept"), noise(2_000_000, 1));
  await writeFile(join(folder, "changed"), noise(500_000, 2));
  await bucket.init(datesFor(HOUR_MS));
  const first = await addPoint(bucket, folder, datesFor(HOUR_MS));
  await writeFile(join(folder, "changed"), noise(600_000, 3));
  const second = await addPoint(bucket, folder, datesFor(2 * HOUR_MS), first.ledger);
  assert.ok(second.extendedPacks > 0);
  return [first, second];
}

async function assertRestores(t: TestContext, session: Session, { snapshot, files }: Point): Promise<void> {
  const { repository, index } = session;
  const target = await environment(t).temporaryFolder();
  // So that overwritten packs are known before parts of them are read.
  await Array.fromAsync(repository.store.list("data/"));
  await restore(repository, {
    tree: snapshot.tree,
    target,
    index,
    cache: undefined,
    select: EVERYTHING,
    overwrite: "always",
    deleteExtra: false,
    dryRun: false,
    verify: true,
    clock,
    report: (finding) => assert.fail(finding.message),
    progress: () => undefined,
    signal,
  });
  assert.deepEqual(describeTree(target), files);
}

async function assertAllPoints(t: TestContext, session: Session, points: readonly Point[]): Promise<void> {
  const ids = session.snapshots.map(({ id }) => id);
  assert.deepEqual(
    ids,
    points.map(({ id }) => id),
  );
  for (const point of points) await assertRestores(t, session, point);
}

async function isRefused(call: Promise<unknown>): Promise<boolean> {
  return call.then(
    () => false,
    (error: unknown) => error instanceof DomainError && error.code === "object_locked",
  );
}

async function versionsOf({ versions }: ObjectStore, prefix = ""): Promise<readonly VersionInfo[]> {
  return Array.fromAsync(versions?.list(prefix) ?? assert.fail("no versions"));
}

const attacks: Readonly<Record<string, (store: ObjectStore) => Promise<void>>> = {
  "deletes everything": (store) => deleteAll(store),
  "overwrites everything": (store) => overwriteAll(store),
  "overwrites everything and then deletes it": async (store) => {
    await overwriteAll(store);
    await deleteAll(store);
  },
};

for (const [what, attack] of Object.entries(attacks)) {
  test(`somebody ${what}: all points are listed and restored, and undelete() gives them back to restic`, async (t) => {
    const bucket = await LockedBucket.make(t);
    const points = await addTwoPoints(t, bucket);
    for (const { key, version, isDeleteMarker } of await versionsOf(bucket.raw)) {
      if (!isDeleteMarker && isRetained(key))
        assert.ok(await isRefused(bucket.raw.versions?.delete(key, version) ?? Promise.resolve()), key);
    }
    await attack(bucket.raw);
    {
      await using session = await bucket.session("none");
      await assertAllPoints(t, session, points);
      assert.ok(bucket.findings.some(({ grade }) => grade === "critical"));
      const done = await undelete(session.repository, { dryRun: false, clock, report: (it) => assert.fail(it.message), signal });
      assert.ok(done.length > 8, `${done.length} files`);
    }
    bucket.findings.length = 0;
    await using session = await bucket.session("shared");
    await assertAllPoints(t, session, points);
    assert.deepEqual(bucket.findings, []);
    const restic = await bucket.restic();
    assert.match(await restic.run("check", "--read-data", "--no-lock"), /no errors were found/);
    const listed = JSON.parse(await restic.run("snapshots", "--json", "--no-lock")) as readonly { readonly id: string }[];
    assert.deepEqual(
      listed.map(({ id }) => id),
      points.map(({ id }) => id),
    );
  });
}

test("somebody puts another repository's config over ours: it opens all the same, and undelete() puts ours back for restic", async (t) => {
  const bucket = await LockedBucket.make(t);
  const points = await addTwoPoints(t, bucket);
  const other = new MemoryStore({ clock });
  await newRepository(other);
  await bucket.raw.put(CONFIG_KEY, await other.get(CONFIG_KEY));
  await using session = await bucket.session("none");
  await assertAllPoints(t, session, points);
  const findings = session.repository.findings.map(({ grade, code, object }) => `${grade} ${code} ${object}`);
  assert.deepEqual(findings, ["critical object_overwritten config"]);
  const done = await undelete(session.repository, { dryRun: false, clock, report: (it) => assert.fail(it.message), signal });
  assert.deepEqual(done, [{ key: CONFIG_KEY, was: "overwritten" }]);
  assert.match(await (await bucket.restic()).run("check", "--no-lock"), /no errors were found/);
});

test("forget and prune leave in sight what is retained, and remove it for good afterwards", async (t) => {
  const bucket = await LockedBucket.make(t);
  const folder = await environment(t).temporaryFolder();
  const write = (seed: number): Promise<void> => writeFile(join(folder, "file"), noise(1_000_000, seed));
  await bucket.init(datesFor(RETENTION_MS));
  await write(1);
  const first = await addPoint(bucket, folder, datesFor(RETENTION_MS));
  const packsOfFirst = await Array.fromAsync(bucket.raw.list("data/"), ({ key }) => key);
  await write(2);
  const second = await addPoint(bucket, folder, datesFor(RETENTION_MS), first.ledger);

  const forget = async (session: Session): Promise<LockedSnapshots> => {
    const named = session.snapshots.filter(({ id }) => id === first.id);
    return executeForget(session, planForgetByName(session.snapshots, named), { clock, progress: () => undefined });
  };
  let untilMs: number;
  {
    await using session = await bucket.session("exclusive");
    // However long it took to get here: from now on all dates are the same.
    ({ untilMs } = datesFor(RETENTION_MS));
    const retained = (await Array.fromAsync(bucket.raw.list(""))).filter(({ key }) => isRetained(key));
    await Promise.all(retained.map(async ({ key }) => bucket.raw.locking?.retainUntil(key, untilMs)));
    assert.deepEqual(await forget(session), new Map([[first.id, untilMs]]));
    const held = await findHeldIndex(session, clock.now());
    assert.deepEqual([held.files.size, held.packs.size], [session.indexFiles.size, session.index.packCount]);
    assert.ok(untilMs > clock.now(), "the retention was too short for this machine");
  }
  await clock.sleep(untilMs + 2 * SECOND_MS - clock.now());
  {
    await using session = await bucket.session("exclusive");
    assert.equal(session.snapshots.length, 2, "it is in sight until it goes");
    assert.equal((await forget(session)).size, 0);
  }
  {
    await using session = await bucket.session("exclusive");
    const held = await findHeldIndex(session, clock.now());
    assert.deepEqual([held.files.size, held.packs.size], [0, 0]);
    const options = { clock, graceMs: 0, report: (finding: Finding) => assert.fail(finding.message), progress: () => undefined };
    await executePrune(session, await planPrune(session, options), options);
  }
  for (const key of packsOfFirst) assert.deepEqual(await versionsOf(bucket.raw, key), []);
  await using session = await bucket.session("none");
  await assertAllPoints(t, session, [second]);
  assert.deepEqual(bucket.findings, []);
  assert.match(await (await bucket.restic()).run("check", "--read-data", "--no-lock"), /no errors were found/);
});
