import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import type { Clock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import type { Finding } from "../base/finding.ts";
import type { HexId } from "../base/ids.ts";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { type Fault, faulty } from "../storage/faulty.ts";
import { MemoryStore } from "../storage/memory.ts";
import { type ObjectStore, parseObjectKey } from "../storage/object-store.ts";
import { type LockFile, parseLockFile, serializeLockFile } from "./format/lock-file.ts";
import { timestampAt } from "./format/timestamp.ts";
import type { LockFiles } from "./lock-list.ts";
import { unlock } from "./lock-removal.ts";
import { acquireLock, type AcquireLockOptions, type RepositoryLock } from "./lock.ts";

const MINUTE_MS = 60_000;

/** A host whose clock is wrong, by so much. */
function skewed(clock: FakeClock, byMs: number): Clock {
  return { now: () => clock.now() + byMs, monotonicMs: () => clock.monotonicMs(), sleep: (ms, signal) => clock.sleep(ms, signal) };
}

/** Lock files over a store, not sealed but with a nonce, so that each has a name of its own. */
function lockFiles(store: ObjectStore): LockFiles {
  const keyOf = (id: HexId) => parseObjectKey(`locks/${id}`);
  const seal: LockFiles["seal"] = (json) => {
    const bytes = Buffer.concat([randomBytes(16), json]);
    const sha256 = createHash("sha256").update(bytes).digest();
    return { id: sha256.toHex() as HexId, sha256, bytes };
  };
  return {
    seal,
    put: (_type, { id, bytes }, options) => store.put(keyOf(id), bytes, options),
    async *list(type, options) {
      for await (const { key, sizeBytes, modifiedMs } of store.list(`${type}/`, options)) {
        yield { id: key.slice(key.indexOf("/") + 1) as HexId, sizeBytes, modifiedMs };
      }
    },
    load: async (_type, id, options) => {
      const bytes = await store.get(keyOf(id), options);
      if (bytes.length < 16) throw new DomainError("corrupt", "unauthentic", "Cannot read it");
      return bytes.subarray(16);
    },
    save: async (_type, json, options) => {
      const { id, bytes } = seal(json);
      await store.put(keyOf(id), bytes, options);
      return id;
    },
    remove: (_type, id, options) => store.delete(keyOf(id), options),
  };
}

class World {
  readonly clock = new FakeClock();
  readonly store: ObjectStore;
  readonly files: LockFiles;
  readonly findings: Finding[] = [];

  /** @param plan What befalls the calls of all holders. */
  constructor(plan: (call: string) => Fault | undefined = () => undefined) {
    this.store = new MemoryStore({ clock: this.clock });
    this.files = lockFiles(faulty(this.store, ({ name }) => plan(name)));
  }

  options(hostname: string, options: Partial<AcquireLockOptions> = {}): AcquireLockOptions {
    return {
      exclusive: false,
      clock: this.clock,
      identity: { hostname, username: "ann", uid: 1000, gid: 1000, pid: 4711 },
      report: (finding) => void this.findings.push(finding),
      isGone: () => Promise.resolve(false),
      ...options,
    };
  }

  async acquire(hostname: string, options: Partial<AcquireLockOptions> = {}): Promise<RepositoryLock> {
    return this.run(acquireLock(this.files, this.options(hostname, options)));
  }

  /** Lets time pass until it is settled. */
  async run<T>(work: Promise<T>): Promise<T> {
    const pending = new Set([work]);
    const settle = (): void => void pending.delete(work);
    work.then(settle, settle);
    while (pending.size > 0) await this.clock.advance(50);
    return work;
  }

  async release(lock: RepositoryLock): Promise<void> {
    await this.run(Promise.resolve(lock[Symbol.asyncDispose]()));
  }

  /** What restic, or a killed process of ours, left. */
  async leave(fields: Partial<LockFile>): Promise<HexId> {
    const time = timestampAt(this.clock.now());
    return this.files.save(
      "locks",
      serializeLockFile({ time, exclusive: false, hostname: "old", username: "bob", pid: 1, uid: 0, gid: 0, ...fields }),
    );
  }

  async ids(): Promise<HexId[]> {
    return (await Array.fromAsync(lockFiles(this.store).list("locks"))).map(({ id }) => id);
  }
}

const LOCKED = { kind: "locked", code: "repository_locked" };
const LOST = { kind: "unavailable", code: "lock_lost" };

test("acquireLock() lets shared locks be together, and an exclusive one alone", async () => {
  const world = new World();
  const [a, b] = [await world.acquire("a"), await world.acquire("b")];
  await assert.rejects(world.acquire("c", { exclusive: true }), LOCKED);
  assert.equal((await world.ids()).length, 2);
  await world.release(a);
  await world.release(b);
  const c = await world.acquire("c", { exclusive: true });
  for (const exclusive of [false, true]) await assert.rejects(world.acquire("d", { exclusive }), LOCKED);
  await world.release(c);
  assert.deepEqual(await world.ids(), []);
  assert.equal(world.clock.sleeping, 0);
  assert.deepEqual(world.findings, []);
});

test("acquireLock() writes what restic reads, and names the holder to others", async () => {
  const world = new World();
  const lock = await world.acquire("node-1", { exclusive: true });
  const [id] = await world.ids();
  const written = parseLockFile(await world.files.load("locks", id ?? assert.fail()));
  const { time, ...rest } = written;
  assert.deepEqual(rest, { exclusive: true, hostname: "node-1", username: "ann", uid: 1000, gid: 1000, pid: 4711 });
  assert.ok(Math.abs(time.epochMs - world.clock.now()) < 1_000);
  await world.clock.advance(3 * MINUTE_MS);
  await assert.rejects(world.acquire("other"), {
    ...LOCKED,
    message: 'Cannot lock the repository: "ann" on "node-1" (process 4711) has it exclusively, last heard of 3 minutes ago',
    hint: /--retry-lock.*holdfast repository unlock/,
    details: {
      holders: [{ id, hostname: "node-1", username: "ann", pid: 4711, exclusive: true, refreshed: "2026-01-01T00:00:00.000Z" }],
    },
  });
  await world.release(lock);
});

test("acquireLock() lets nothing that others wrote steer a terminal", async () => {
  const world = new World();
  await world.leave({ hostname: "a\u001b[2Jb\u009b1m\u202e", username: "x".repeat(1_000) });
  await assert.rejects(
    world.acquire("other", { exclusive: true }),
    (error: Error) => !/\p{C}/u.test(error.message) && error.message.length < 400,
  );
});

test("acquireLock() gives at most one of two who come together the exclusive lock", async () => {
  const world = new World();
  const both = Promise.allSettled(["a", "b"].map((host) => acquireLock(world.files, world.options(host, { exclusive: true }))));
  const results = await world.run(both);
  assert.ok(results.filter(({ status }) => status === "fulfilled").length <= 1);
  for (const result of results) if (result.status === "rejected") assert.equal((result.reason as DomainError).code, "repository_locked");
});

test("acquireLock() leaves no lock when it is cut off while it writes one, whether that happened or not", async () => {
  const world = new World();
  const files: LockFiles = {
    ...world.files,
    put: async (...file) => {
      await world.files.put(...file);
      throw new DomainError("cancelled", "interrupted", "Cancelled");
    },
  };
  await assert.rejects(world.run(acquireLock(files, world.options("a"))), { code: "interrupted" });
  assert.deepEqual(await Array.fromAsync(world.store.list("locks/")), []);
});

test("acquireLock() waits as long as it is told, and says for whom", async () => {
  const world = new World();
  const holder = await world.acquire("holder");
  const waits: string[] = [];
  const onWait: AcquireLockOptions["onWait"] = ({ holders, leftMs }) =>
    waits.push(`${holders[0]?.holder?.hostname} ${Math.round(leftMs / 1000)}`);
  await assert.rejects(world.acquire("a", { exclusive: true, retryLockMs: 30_000, onWait }), LOCKED);
  assert.deepEqual(waits, ["holder 30", "holder 25", "holder 15"]);
  const waiting = acquireLock(world.files, world.options("a", { exclusive: true, retryLockMs: 30_000 }));
  await world.clock.advance(12_000);
  await world.release(holder);
  assert.equal((await world.ids()).length, 0, "who waits leaves no lock");
  await world.release(await world.run(waiting));
  const abort = new AbortController();
  const other = await world.acquire("holder");
  const given = acquireLock(world.files, world.options("a", { exclusive: true, retryLockMs: 30_000, signal: abort.signal }));
  const rejected = assert.rejects(given, /given up/);
  await world.clock.advance(1_000);
  abort.abort(new Error("given up"));
  await world.run(rejected);
  await world.release(other);
});

test("a lock is refreshed every five minutes, by a new file before the old one goes", async () => {
  const world = new World();
  const lock = await world.acquire("a");
  const seen = new Set(await world.ids());
  for (let minute = 0; minute < 59; minute++) {
    await world.clock.advance(MINUTE_MS);
    const now = await world.ids();
    assert.equal(now.length, 1);
    now.forEach((id) => seen.add(id));
  }
  assert.equal(seen.size, 12);
  assert.equal(lock.signal.aborted, false);
  lock.throwIfLost();
  await world.release(lock);
  assert.deepEqual(await world.ids(), []);
});

test("a lock that somebody removed is lost at the next refresh, and leaves nothing", async () => {
  const world = new World();
  const lock = await world.acquire("a");
  for (const id of await world.ids()) await world.files.remove("locks", id);
  await world.clock.advance(6 * MINUTE_MS);
  assert.ok(lock.signal.aborted);
  assert.throws(() => lock.throwIfLost(), { ...LOST, message: "Cannot go on without the lock of the repository: somebody removed it" });
  await world.release(lock);
  assert.deepEqual(await world.ids(), []);
});

test("a lock is lost when it could not be refreshed for twenty minutes, whether calls fail or hang", async () => {
  for (const fault of ["refused", "hangs"] as const) {
    let isBroken = false;
    const world = new World((name) => (isBroken && name !== "delete" ? fault : undefined));
    const lock = await world.acquire("a");
    isBroken = true;
    await world.clock.advance(19 * MINUTE_MS);
    assert.equal(lock.signal.aborted, false, fault);
    await world.clock.advance(MINUTE_MS + 1_000);
    assert.equal((lock.signal.reason as DomainError).code, "lock_lost", fault);
    await world.release(lock);
    assert.deepEqual(await world.ids(), [], fault);
  }
});

test("a lock survives a store that is away for less", async () => {
  let isBroken = false;
  const world = new World(() => (isBroken ? "refused" : undefined));
  const lock = await world.acquire("a");
  isBroken = true;
  await world.clock.advance(18 * MINUTE_MS);
  isBroken = false;
  await world.clock.advance(18 * MINUTE_MS);
  assert.equal(lock.signal.aborted, false);
  assert.equal((await world.ids()).length, 1);
  await world.release(lock);
});

test("a lock whose old file could not be removed at a refresh removes it later", async () => {
  let isBroken = false;
  const world = new World((name) => (isBroken && name === "delete" ? "refused" : undefined));
  const lock = await world.acquire("a");
  isBroken = true;
  await world.clock.advance(6 * MINUTE_MS);
  assert.ok((await world.ids()).length >= 2);
  assert.equal(lock.signal.aborted, false);
  isBroken = false;
  await world.clock.advance(MINUTE_MS);
  assert.equal((await world.ids()).length, 1);
  await world.release(lock);
  assert.deepEqual(await world.ids(), []);
});

test("a lock that cannot be removed in the end is reported, and fails nothing", async () => {
  let fault: Fault | undefined;
  const world = new World(() => fault);
  for (fault of ["refused", "hangs"] as const) {
    const wanted = fault;
    fault = undefined;
    const lock = await world.acquire("a");
    fault = wanted;
    await world.release(lock);
  }
  assert.deepEqual(
    world.findings.map(({ grade, code }) => `${grade} ${code}`),
    ["info lock_left", "info lock_left"],
  );
});

test("a machine that was suspended knows at once that its lock is lost", async () => {
  const world = new World();
  let suspendedMs = 0;
  const clock: Clock = { ...skewed(world.clock, 0), now: () => world.clock.now() + suspendedMs };
  const lock = await world.acquire("a", { clock });
  suspendedMs = 25 * MINUTE_MS;
  assert.throws(() => lock.throwIfLost(), LOST);
  assert.ok(lock.signal.aborted);
  await world.release(lock);
});

test("a stale lock in the way is removed, by the store's clock and not by those of the hosts", async () => {
  for (const skewMs of [-3 * 60 * MINUTE_MS, -20 * MINUTE_MS, 0, 20 * MINUTE_MS, 3 * 60 * MINUTE_MS]) {
    const world = new World();
    const id = await world.leave({ exclusive: true, time: timestampAt(world.clock.now() - skewMs) });
    await world.clock.advance(29 * MINUTE_MS);
    await assert.rejects(world.acquire("a", { clock: skewed(world.clock, skewMs) }), LOCKED);
    assert.deepEqual(await world.ids(), [id]);
    await world.clock.advance(2 * MINUTE_MS);
    // Where its own clock is behind, it waits longer before it asks the store's.
    if (skewMs >= 0) {
      await world.release(await world.acquire("a", { clock: skewed(world.clock, skewMs) }));
      assert.deepEqual(await world.ids(), []);
    }
  }
});

test("a stale lock that is not in the way is left alone", async () => {
  const world = new World();
  const id = await world.leave({});
  await world.clock.advance(60 * MINUTE_MS);
  await world.release(await world.acquire("a"));
  assert.deepEqual(await world.ids(), [id]);
});

test("a holder that came back and refreshed its stale lock in time is seen", async () => {
  const world = new World();
  const stale = await world.leave({ exclusive: true });
  await world.clock.advance(31 * MINUTE_MS);
  const files: LockFiles = {
    ...world.files,
    // restic wrote its new file and saw its old one, right before that is removed here.
    remove: async (type, id, options) => {
      if (id === stale) await world.leave({ exclusive: true });
      await world.files.remove(type, id, options);
    },
  };
  await assert.rejects(world.run(acquireLock(files, world.options("a"))), LOCKED);
  assert.equal((await world.ids()).length, 1);
});

test("a holder that refreshes between list and load is seen", async () => {
  const world = new World();
  const old = await world.leave({ exclusive: true });
  const files: LockFiles = {
    ...world.files,
    load: async (type, id, options) => {
      if (id === old) {
        await world.leave({ exclusive: true });
        await world.files.remove(type, id);
      }
      return world.files.load(type, id, options);
    },
  };
  await assert.rejects(world.run(acquireLock(files, world.options("a"))), LOCKED);
});

test("a killed holder of this machine is in nobody's way, also one killed between writing the new file and removing the old", async () => {
  const world = new World();
  for (let file = 0; file < 2; file++) await world.leave({ hostname: "a", exclusive: true, pid: 77 });
  const isGone: AcquireLockOptions["isGone"] = async ({ pid }) => pid === 77;
  await world.release(await world.acquire("a", { exclusive: true, isGone }));
  assert.deepEqual(await world.ids(), []);
  await world.leave({ hostname: "a", exclusive: true, pid: 78 });
  await assert.rejects(world.acquire("a", { isGone }), LOCKED);
});

test("a lock file that cannot be read counts as exclusive until it is stale; an empty one does not count", async () => {
  const world = new World();
  await world.store.put(parseObjectKey(`locks/${"0".repeat(64)}`), new Uint8Array(0));
  await world.release(await world.acquire("a", { exclusive: true }));
  for (const junk of [Buffer.alloc(3), Buffer.from(`${"n".repeat(16)}{"pid":-1}`), Buffer.alloc(70_000, "x"), Buffer.alloc(40, "[")]) {
    await world.store.put(parseObjectKey(`locks/${"1".repeat(64)}`), junk);
    await assert.rejects(world.acquire("a"), { ...LOCKED, message: /the holder of lock "11111111", which cannot be read, has it/ });
  }
  await world.clock.advance(31 * MINUTE_MS);
  await world.release(await world.acquire("a"));
});

test("acquireLock() passes on that the store does not answer, and leaves no lock", async () => {
  let listsLeft = 1;
  const world = new World((name) => (name === "list" && listsLeft-- <= 0 ? "refused" : undefined));
  await assert.rejects(world.acquire("a"), { kind: "unavailable", code: "storage_unavailable" });
  assert.deepEqual(await Array.fromAsync(world.store.list("")), []);
});

test("unlock() removes what is stale or dead, and all only if it is told", async () => {
  const world = new World();
  const clock = skewed(world.clock, 3 * 60 * MINUTE_MS);
  await world.leave({ hostname: "old" });
  await world.store.put(parseObjectKey(`locks/${"0".repeat(64)}`), new Uint8Array(0));
  await world.clock.advance(31 * MINUTE_MS);
  const alive = await world.leave({ hostname: "other" });
  const junk = "1".repeat(64) as HexId;
  await world.store.put(parseObjectKey(`locks/${junk}`), Buffer.alloc(3));
  await world.leave({ hostname: "here", pid: 0x7fff_fffe });
  const mine = await world.leave({ hostname: "here", pid: process.pid });
  const { identity } = world.options("here");
  const first = await unlock(world.files, { all: false, clock, identity });
  assert.deepEqual([first.removed.length, first.kept.length], [3, 3]);
  assert.deepEqual(new Set(await world.ids()), new Set([alive, junk, mine]));
  const second = await unlock(world.files, { all: true, clock, identity });
  assert.deepEqual([second.removed.length, second.kept.length], [3, 0]);
  assert.deepEqual(await world.ids(), []);
});
