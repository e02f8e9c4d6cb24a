import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { counting } from "../storage/counting.ts";
import { MemoryStore } from "../storage/memory.ts";
import type { ObjectKey, ObjectStore } from "../storage/object-store.ts";
import { RANDOM_PASSWORD_PARAMETERS } from "./format/key-file.ts";
import { initRepository } from "./init.ts";
import { addKey } from "./keys.ts";
import { CONFIG_KEY, IDENTITY_KEY, keyOfFile, SPARE_FOLDER, spareOf } from "./layout.ts";
import { openRepository, type Repository } from "./repository.ts";
import { newLocationKey } from "./secret.ts";
import { SAMPLE_OWNER, SAMPLE_SECRET } from "./testing/sample-repository.ts";

const clock = new FakeClock();
const PASSWORD = { kind: "password", password: "of a team" } as const;

async function init(): Promise<{ readonly store: MemoryStore; readonly repository: Repository }> {
  const store = new MemoryStore({ clock });
  return { store, repository: await initRepository(store, { secret: SAMPLE_SECRET, owner: SAMPLE_OWNER, clock }) };
}

const HARMS: Readonly<Record<string, (store: ObjectStore, key: ObjectKey) => Promise<void>>> = {
  lost: (store, key) => store.delete(key),
  emptied: (store, key) => store.put(key, new Uint8Array(0)),
  "longer than any may be": (store, key) => store.put(key, new Uint8Array(100_000)),
  "changed in one digit": async (store, key) => {
    const bytes = Uint8Array.from(await store.get(key));
    const at = key === IDENTITY_KEY ? bytes.length - 10 : bytes.length - 5;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await store.put(key, bytes);
  },
};

for (const [what, harm] of Object.entries(HARMS)) {
  test(`a repository opens with the spare of each file that is ${what}, and says so`, async () => {
    const { store, repository } = await init();
    const keys = [CONFIG_KEY, IDENTITY_KEY, keyOfFile("keys", repository.keyId)];
    for (const key of keys) {
      const bytes = await store.get(key);
      await harm(store, key);
      const { config, identity, findings } = await openRepository(store, SAMPLE_SECRET);
      assert.deepEqual([config, identity], [repository.config, repository.identity]);
      const used = findings.filter(({ code }) => code === "spare_used");
      assert.deepEqual(
        used.map(({ grade, object }) => [grade, object]),
        [["info", key]],
      );
      assert.match(used[0]?.message ?? "", /repository repair access/);
      await store.put(key, bytes);
    }
    for (const key of keys) await harm(store, key);
    assert.deepEqual((await openRepository(store, SAMPLE_SECRET)).config, repository.config, "with all of them at once");
  });
}

test("an identity that says it has a newer version is not believed while its spare can be read", async () => {
  const { store } = await init();
  const text = Buffer.from(await store.get(IDENTITY_KEY)).toString();
  const newer = Buffer.from(text.replace('"version":1', '"version":3'));
  await store.put(IDENTITY_KEY, newer);
  await openRepository(store, SAMPLE_SECRET);
  await store.put(spareOf(IDENTITY_KEY), newer);
  await assert.rejects(openRepository(store, SAMPLE_SECRET), { code: "repository_identity_version" });
});

test("with a damaged identity a password of its own opens a repository, and the identity is that of the spare", async () => {
  const { store, repository } = await init();
  await addKey(store, repository.masterKey, { ...PASSWORD, parameters: RANDOM_PASSWORD_PARAMETERS, owner: SAMPLE_OWNER }, clock);
  await store.put(IDENTITY_KEY, Buffer.from("{"));
  assert.deepEqual((await openRepository(store, PASSWORD)).identity, repository.identity);
});

test("spares make no other password right", async () => {
  const { store, repository } = await init();
  const wrong = { kind: "unauthenticated", code: "wrong_repository_key" };
  await assert.rejects(openRepository(store, newLocationKey()), wrong);
  for (const key of [CONFIG_KEY, IDENTITY_KEY, keyOfFile("keys", repository.keyId)]) await store.delete(key);
  await assert.rejects(openRepository(store, newLocationKey()), wrong);
  await assert.rejects(openRepository(store, PASSWORD), wrong);
});

test("there is no repository where neither config nor its spare is", async () => {
  const { store } = await init();
  for (const key of [CONFIG_KEY, spareOf(CONFIG_KEY)]) await store.delete(key);
  await assert.rejects(openRepository(store, SAMPLE_SECRET), { kind: "not-found", code: "repository_not_found" });
});

test("while nothing is wrong no spare is asked for", async () => {
  const { store } = await init();
  const { store: counted, traffic } = counting(store);
  await openRepository(counted, SAMPLE_SECRET);
  const { requests } = traffic;
  for (const { key } of await Array.fromAsync(store.list(SPARE_FOLDER))) await store.delete(key);
  await openRepository(counted, SAMPLE_SECRET);
  assert.equal(traffic.requests, 2 * requests);
  assert.equal(requests, 4, "config, identity, the list of keys, and the key");
});
