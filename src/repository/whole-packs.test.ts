import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { faulty } from "../storage/faulty.ts";
import { intercept } from "../storage/intercept.ts";
import { MemoryStore } from "../storage/memory.ts";
import type { HexId } from "../base/ids.ts";
import { createHash } from "node:crypto";
import { keyOfFile } from "./layout.ts";
import { openRepository } from "./repository.ts";
import { SAMPLE_SECRET, SampleRepository } from "./testing/sample-repository.ts";
import { WholePacks } from "./whole-packs.ts";

const clock = new FakeClock();
const MIB = 1 << 20;

class World {
  readonly packs: WholePacks;
  readonly fetched: string[];
  readonly store: MemoryStore;

  private constructor(packs: WholePacks, fetched: string[], store: MemoryStore) {
    this.packs = packs;
    this.fetched = fetched;
    this.store = store;
  }

  static async create(fault: () => "refused" | undefined = () => undefined): Promise<World> {
    const store = new MemoryStore({ clock });
    await SampleRepository.init(store, clock);
    const fetched: string[] = [];
    const watched = intercept(
      faulty(store, ({ name, key }) => (name === "get" && key.startsWith("data/") ? fault() : undefined)),
      async ({ name, key }, call) => {
        if (name === "get" && key.startsWith("data/")) fetched.push(key.slice(-64));
        return call();
      },
    );
    return new World(new WholePacks(await openRepository(watched, SAMPLE_SECRET), undefined), fetched, store);
  }

  /** A pack of that many bytes, all alike. */
  async addPack(bytes: number, value: number): Promise<HexId> {
    const pack = new Uint8Array(bytes).fill(value);
    const id = createHash("sha256").update(pack).digest("hex") as HexId;
    await this.store.put(keyOfFile("data", id), pack);
    return id;
  }
}

test("read() gives a copy of what lies in the pack, and fetches a pack once", async () => {
  const world = await World.create();
  const id = await world.addPack(100, 7);
  const [first, second] = await Promise.all([world.packs.read(id, 0, 10, {}), world.packs.read(id, 90, 10, {})]);
  assert.deepEqual([first, second], [new Uint8Array(10).fill(7), new Uint8Array(10).fill(7)]);
  first.fill(0);
  assert.deepEqual(await world.packs.read(id, 0, 10, {}), new Uint8Array(10).fill(7));
  assert.deepEqual(world.fetched, [id]);
});

test("read() keeps the packs that were used last, within bounds", async () => {
  const world = await World.create();
  const ids = [await world.addPack(16 * MIB, 1), await world.addPack(16 * MIB, 2), await world.addPack(16 * MIB, 3)];
  const [one = "", two = "", three = ""] = ids;
  for (const id of [one, two, one, three, one]) await world.packs.read(id as HexId, 0, 1, {});
  assert.deepEqual(world.fetched, [one, two, three]);
  await world.packs.read(two as HexId, 0, 1, {});
  assert.deepEqual(world.fetched, [one, two, three, two]);
});

test("read() refuses what lies beyond the end", async () => {
  const world = await World.create();
  const id = await world.addPack(100, 7);
  await assert.rejects(world.packs.read(id, 95, 10, {}), { kind: "corrupt", code: "pack_too_short" });
});

test("read() refuses a pack whose bytes are others than its name says", async () => {
  const world = await World.create();
  const id = "a".repeat(64) as HexId;
  await world.store.put(keyOfFile("data", id), new Uint8Array(100));
  await assert.rejects(world.packs.read(id, 0, 10, {}), { kind: "corrupt", code: "file_hash" });
});

test("read() asks again for a pack that could not be fetched", async () => {
  let faults = 1;
  const world = await World.create(() => (faults-- > 0 ? "refused" : undefined));
  const id = await world.addPack(100, 7);
  await assert.rejects(world.packs.read(id, 0, 10, {}), { kind: "unavailable" });
  assert.equal((await world.packs.read(id, 0, 10, {})).length, 10);
});
