import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../base/finding.ts";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { intercept } from "../storage/intercept.ts";
import { MemoryStore } from "../storage/memory.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { keyOfFile } from "./layout.ts";
import { openRepository } from "./repository.ts";
import { openSession, type Session, type SessionOptions } from "./session.ts";
import { SAMPLE_SECRET, SampleRepository } from "./testing/sample-repository.ts";

class World {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore({ clock: this.clock });
  readonly findings: Finding[] = [];
  readonly abort = new AbortController();

  async init(): Promise<SampleRepository> {
    return SampleRepository.init(this.store, this.clock);
  }

  /** Lets time pass until the session is open, or is not. */
  async open(lock: SessionOptions["lock"], store: ObjectStore = this.store): Promise<Session> {
    const repository = await openRepository(store, SAMPLE_SECRET);
    const report = (finding: Finding): void => void this.findings.push(finding);
    const opening = openSession(repository, { lock, clock: this.clock, report, signal: this.abort.signal });
    const pending = new Set([opening]);
    const settle = (): void => void pending.delete(opening);
    opening.then(settle, settle);
    while (pending.size > 0) await this.clock.advance(100);
    return opening;
  }

  async locks(): Promise<number> {
    return (await Array.fromAsync(this.store.list("locks/"))).length;
  }
}

test("openSession() gives index and snapshots under a lock that ends with it", async () => {
  const world = new World();
  const sample = await world.init();
  const snapshot = await sample.addSnapshot({ file: "content" });
  {
    await using session = await world.open("shared");
    assert.equal(await world.locks(), 1);
    assert.deepEqual(
      session.snapshots.map(({ id }) => id),
      [snapshot.id],
    );
    assert.ok(session.index.findHex("tree", snapshot.snapshot.tree) > 0);
    assert.deepEqual([session.isIndexWhole, session.indexFiles.size, world.findings], [true, 1, []]);
    session.throwIfLost();
  }
  assert.equal(await world.locks(), 0);
});

test("openSession() without a lock writes nothing", async () => {
  const world = new World();
  await (await world.init()).addSnapshot({ file: "content" });
  const readOnly = intercept(world.store, async ({ name }, call) => {
    assert.ok(name !== "put" && name !== "delete" && name !== "lock");
    return call();
  });
  await using session = await world.open("none", readOnly);
  assert.equal(session.snapshots.length, 1);
});

test("openSession() lets shared ones share, and an exclusive one be alone", async () => {
  const world = new World();
  await world.init();
  await using first = await world.open("shared");
  {
    await using second = await world.open("shared");
    assert.notEqual(first, second);
    assert.equal(await world.locks(), 2);
  }
  await assert.rejects(world.open("exclusive"), { kind: "locked", code: "repository_locked" });
  assert.equal(await world.locks(), 1);
});

test("openSession() reads the index again when a file of it went before the lock was held", async () => {
  const world = new World();
  const sample = await world.init();
  await sample.addTree({ old: "old content" });
  const [outdated] = await Array.fromAsync(sample.repository.files.list("index"));
  assert.ok(outdated !== undefined);
  let isPruned = false;
  const pruned = intercept(world.store, async ({ name, key }, call) => {
    const result = await call();
    // Between reading the index and holding the lock, as a prune that ends then.
    if (name === "put" && key.startsWith("locks/") && !isPruned) {
      isPruned = true;
      await world.clock.sleep(100);
      await sample.addTree({ new: "new content" });
      await sample.repository.files.remove("index", outdated.id);
    }
    return result;
  });
  await using session = await world.open("shared", pruned);
  assert.ok(isPruned);
  assert.ok(!session.indexFiles.has(outdated.id));
  assert.equal(session.index.size, 2);
});

test("openSession() reports what is damaged, and says that the index is not whole", async () => {
  const world = new World();
  const sample = await world.init();
  const snapshot = await sample.addSnapshot({ file: "content" });
  const [file] = await Array.fromAsync(sample.repository.files.list("index"));
  assert.ok(file !== undefined);
  await world.store.put(keyOfFile("index", file.id), Buffer.from("damaged"));
  await world.store.put(keyOfFile("snapshots", snapshot.id), Buffer.from("damaged"));
  await using session = await world.open("none");
  assert.deepEqual([session.isIndexWhole, session.snapshots], [false, []]);
  assert.deepEqual(new Set(world.findings.map(({ code }) => code)), new Set(["index_file_damaged", "snapshot_damaged"]));
});

test("openSession() gives the lock back when reading fails", async () => {
  const world = new World();
  await world.init();
  const broken = intercept(world.store, async ({ key }, call) => {
    if (key.startsWith("snapshots/")) throw new Error("no answer");
    return call();
  });
  await assert.rejects(world.open("shared", broken), /no answer/);
  assert.equal(await world.locks(), 0);
});

test("openSession() ends when its signal does", async () => {
  const world = new World();
  await world.init();
  await using session = await world.open("shared");
  world.abort.abort(new Error("stopped"));
  assert.equal(session.signal.aborted, true);
});
