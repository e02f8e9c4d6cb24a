import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { intercept } from "../storage/intercept.ts";
import { MemoryStore } from "../storage/memory.ts";
import { parseObjectKey } from "../storage/object-store.ts";
import { SPARE_FOLDER } from "./layout.ts";
import { SampleRepository } from "./testing/sample-repository.ts";
import { adopt, assertWriter, readWriter, type WriterRecord } from "./writer.ts";

const HOUR_MS = 3_600_000;

class World {
  readonly clock: FakeClock;
  readonly sample: SampleRepository;

  private constructor(clock: FakeClock, sample: SampleRepository) {
    this.clock = clock;
    this.sample = sample;
  }

  static async create(): Promise<World> {
    const clock = new FakeClock();
    return new World(clock, await SampleRepository.init(new MemoryStore({ clock }), clock));
  }

  async adopt(cluster: string, force = false): Promise<WriterRecord> {
    return adopt(this.sample.repository, { cluster, force, clock: this.clock });
  }
}

const notWriter = { kind: "conflict", code: "not_the_writer" };

test("assertWriter() lets everybody write where nobody is the writer", async () => {
  const { sample } = await World.create();
  assert.equal(await readWriter(sample.repository), undefined);
  await assertWriter(sample.repository, "any");
});

test("adopt() gives a repository spares of what opens it, where it has none", async () => {
  const world = await World.create();
  const { store } = world.sample.repository;
  const spares = async (): Promise<readonly string[]> => Array.fromAsync(store.list(SPARE_FOLDER), ({ key }) => key);
  const before = await spares();
  for (const key of before) await store.delete(parseObjectKey(key));
  await world.adopt("one");
  assert.deepEqual([await spares(), before.length], [before, 3]);
});

test("adopt() makes a cluster the writer, and assertWriter() turns others away", async () => {
  const world = await World.create();
  const record = await world.adopt("one");
  assert.deepEqual(record, { cluster: "one", epoch: 1, timeMs: world.clock.now() });
  assert.deepEqual(await readWriter(world.sample.repository), record);
  await assertWriter(world.sample.repository, "one");
  await assert.rejects(assertWriter(world.sample.repository, "two"), notWriter);
});

test("adopt() writes nothing for the cluster that is the writer already", async () => {
  const world = await World.create();
  const record = await world.adopt("one");
  await world.clock.advance(1_000);
  assert.deepEqual(await world.adopt("one"), record);
});

test("adopt() waits until the present writer has written nothing for an hour, unless forced", async () => {
  const world = await World.create();
  await world.adopt("one");
  const atWork = { kind: "conflict", code: "writer_at_work" };
  await world.clock.advance(HOUR_MS - 1);
  await assert.rejects(world.adopt("two"), atWork);
  await world.sample.addSnapshot({ file: "content" });
  await world.clock.advance(HOUR_MS - 1);
  await assert.rejects(world.adopt("two"), atWork);
  await world.clock.advance(1);
  assert.equal((await world.adopt("two")).epoch, 2);
  assert.equal((await world.adopt("three", true)).epoch, 3);
  await assert.rejects(assertWriter(world.sample.repository, "two"), notWriter);
  await assertWriter(world.sample.repository, "three");
});

test("adopt() of two at a time lets one win", async () => {
  const world = await World.create();
  const { repository } = world.sample;
  const store = intercept(repository.store, async (operation, call) => {
    if (operation.name === "put") await world.adopt("quick");
    return call();
  });
  const slow = adopt({ ...repository, store }, { cluster: "slow", force: true, clock: world.clock });
  await assert.rejects(slow, { kind: "conflict", code: "adopted_meanwhile" });
  assert.equal((await readWriter(repository))?.cluster, "quick");
});

test("readWriter() believes nobody without the key, and adopt() with force goes past that", async () => {
  const world = await World.create();
  await world.adopt("one");
  await world.sample.repository.store.put(
    parseObjectKey("holdfast/writer/000000000007"),
    Buffer.from('{"version":1,"cluster":"mine"}'.padEnd(99)),
  );
  await assert.rejects(assertWriter(world.sample.repository, "mine"), { kind: "corrupt", code: "unauthentic" });
  await assert.rejects(world.adopt("two"), { kind: "corrupt" });
  assert.equal((await world.adopt("two", true)).epoch, 8);
  await assertWriter(world.sample.repository, "two");
});

test("readWriter() refuses a newer version", async () => {
  const { sample } = await World.create();
  const { store, cipher } = sample.repository;
  await store.put(parseObjectKey("holdfast/writer/000000000001"), cipher.seal(Buffer.from('{"version":2}')));
  await assert.rejects(readWriter(sample.repository), { kind: "unsupported", code: "writer_record_version" });
});
