import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { DomainError } from "../base/errors.ts";
import type { HexId } from "../base/ids.ts";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { faulty } from "../storage/faulty.ts";
import { MemoryStore } from "../storage/memory.ts";
import { type MasterKey } from "./format/cipher.ts";
import { randomMasterKey } from "./format/key-file.ts";
import { addKey, listKeyIds, readKeys, readSpareKeys, removeKey, unlockKeys } from "./keys.ts";
import { keyOfFile } from "./layout.ts";

/** Cheap, and refused by nobody. */
const PARAMETERS = { N: 2, r: 1, p: 1 };
const OWNER = { username: "ann", hostname: "here" };

class World {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore({ clock: this.clock });
  readonly masterKey: MasterKey = randomMasterKey();

  async add(password: string): Promise<HexId> {
    await this.clock.advance(1_000);
    return addKey(this.store, this.masterKey, { password, parameters: PARAMETERS, owner: OWNER }, this.clock);
  }

  /** What can only add objects can still do this. */
  async addJunk(content: Uint8Array): Promise<HexId> {
    await this.clock.advance(1_000);
    const id = createHash("sha256").update(content).digest("hex") as HexId;
    await this.store.put(keyOfFile("keys", id), content);
    return id;
  }
}

test("readKeys() gives all that can be used, the oldest first", async () => {
  const world = new World();
  const ids = [await world.add("one"), await world.add("two"), await world.add("three")];
  const { keys, findings } = await readKeys(world.store);
  assert.deepEqual([keys.map(({ id }) => id), findings], [ids, []]);
  assert.equal(keys[0]?.file.hostname, "here");
});

test("readKeys() finds the one good key whatever somebody puts beside it", async () => {
  const world = new World();
  const good = await world.add("right");
  const junk: HexId[] = [];
  for (let n = 0; n < 50; n++) junk.push(await world.addJunk(Buffer.from(`junk ${n}`)));
  junk.push(await world.addJunk(new Uint8Array(70_000)));
  await world.store.put(keyOfFile("keys", "0".repeat(64) as HexId), Buffer.from("{}"));
  const { keys, findings } = await readKeys(world.store);
  assert.deepEqual(
    keys.map(({ id }) => id),
    [good],
  );
  assert.deepEqual(
    new Set(findings.map(({ code, object }) => `${code} ${object}`)),
    new Set([...junk, "0".repeat(64)].map((id) => `key_file_unusable keys/${id}`)),
  );
});

test("readKeys() takes those that were there first when somebody adds more than 20 that could be keys", async () => {
  const world = new World();
  const good = await world.add("right");
  const sample = await world.store.get(keyOfFile("keys", good));
  for (let n = 0; n < 30; n++) await world.addJunk(Buffer.concat([sample, Buffer.from(" ".repeat(n + 1))]));
  const { keys, findings } = await readKeys(world.store);
  assert.deepEqual([keys.length, keys[0]?.id], [20, good]);
  assert.deepEqual(
    findings.map(({ grade, code }) => [grade, code]),
    [["info", "key_files_passed_over"]],
  );
});

test("readKeys() gives nothing where there is nothing, and passes over names that are no ids", async () => {
  const world = new World();
  assert.deepEqual(await readKeys(world.store), { keys: [], findings: [] });
});

test("unlockKeys() gives the keys that the password opens, and no others", async () => {
  const world = new World();
  await world.add("other");
  const id = await world.add("right");
  const { keys } = await readKeys(world.store);
  assert.deepEqual(await Array.fromAsync(unlockKeys(keys, "right")), [{ id, masterKey: world.masterKey }]);
  assert.deepEqual(await Array.fromAsync(unlockKeys(keys, "wrong")), []);
});

test("addKey() refuses a key that restic would not try any more", async () => {
  const world = new World();
  for (let n = 0; n < 20; n++) await world.add(`password ${n}`);
  await assert.rejects(world.add("one more"), { kind: "conflict", code: "too_many_keys" });
  assert.equal((await Array.fromAsync(world.store.list("keys/"))).length, 20);
});

test("addKey() does not count what is no key", async () => {
  const world = new World();
  for (let n = 0; n < 25; n++) await world.addJunk(Buffer.from(`junk ${n}`));
  const id = await world.add("right");
  assert.deepEqual(
    (await readKeys(world.store)).keys.map((key) => key.id),
    [id],
  );
});

test("removeKey() removes a key, but not the one in use", async () => {
  const world = new World();
  const [one, two] = [await world.add("one"), await world.add("two")];
  await assert.rejects(removeKey(world.store, one, one, world), (error) => error instanceof DomainError && error.code === "key_in_use");
  await removeKey(world.store, two, one, world);
  assert.deepEqual(
    (await readKeys(world.store)).keys.map(({ id }) => id),
    [one],
  );
  assert.deepEqual(await listKeyIds(world.store), [one], "nor is a spare left");
});

test("removeKey() that is stopped leaves no spare whose key file is gone: what opens the repository is in sight", async () => {
  const world = new World();
  const [one, two] = [await world.add("one"), await world.add("two")];
  let deletions = 0;
  const dying = faulty(world.store, ({ name }) => (name === "delete" && ++deletions > 1 ? "refused" : undefined));
  await assert.rejects(removeKey(dying, two, one, world));
  assert.equal((await readKeys(world.store)).keys.length, 2);
  assert.deepEqual(await readSpareKeys(world.store, (await readKeys(world.store)).keys), []);
  assert.deepEqual(
    (await readSpareKeys(world.store, [])).map(({ id }) => id),
    [one],
  );
});

test("readSpareKeys() gives the spares of keys whose own files are lost or damaged", async () => {
  const world = new World();
  const [good, lost, damaged] = [await world.add("good"), await world.add("lost"), await world.add("damaged")];
  await world.store.delete(keyOfFile("keys", lost));
  await world.store.put(keyOfFile("keys", damaged), Buffer.from("{}"));
  const { keys } = await readKeys(world.store);
  assert.deepEqual(
    (await readSpareKeys(world.store, keys)).map(({ id }) => id),
    [lost, damaged],
  );
  assert.deepEqual(new Set(await listKeyIds(world.store)), new Set([good, lost, damaged]));
});
