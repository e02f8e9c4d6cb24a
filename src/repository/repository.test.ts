import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { MemoryStore } from "../storage/memory.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { parseConfig, serializeConfig } from "./format/config.ts";
import { createKeyFile, RANDOM_PASSWORD_PARAMETERS, randomMasterKey } from "./format/key-file.ts";
import { initRepository } from "./init.ts";
import { addKey } from "./keys.ts";
import { CHUNKER_KEY, CONFIG_KEY, IDENTITY_KEY, keyOfFile, spareOf } from "./layout.ts";
import { chunkerOf } from "./repository-chunker.ts";
import { openRepository, type Repository } from "./repository.ts";
import { newLocationKey } from "./secret.ts";
import { SAMPLE_OWNER, SAMPLE_SECRET } from "./testing/sample-repository.ts";
import type { HexId } from "../base/ids.ts";

const clock = new FakeClock();

async function init(): Promise<{ readonly store: ObjectStore; readonly repository: Repository }> {
  const store = new MemoryStore({ clock });
  return { store, repository: await initRepository(store, { secret: SAMPLE_SECRET, owner: SAMPLE_OWNER, clock }) };
}

/** As restic writes a config anew: without our field. */
async function dropOurField(store: ObjectStore, { cipher, config }: Repository): Promise<void> {
  await store.put(CONFIG_KEY, cipher.seal(serializeConfig({ ...config, chunker: undefined })));
}

test("openRepository() opens with the location's key, and with a password that was added", async () => {
  const { store, repository } = await init();
  const keyId = await addKey(
    store,
    repository.masterKey,
    { password: "of a team", parameters: RANDOM_PASSWORD_PARAMETERS, owner: SAMPLE_OWNER },
    clock,
  );
  const byKey = await openRepository(store, SAMPLE_SECRET);
  const byPassword = await openRepository(store, { kind: "password", password: "of a team" });
  assert.deepEqual([byKey.keyId, byPassword.keyId], [repository.keyId, keyId]);
  assert.deepEqual(byPassword.config, repository.config);
  assert.deepEqual(byPassword.findings, []);
});

test("openRepository() tells no repository from a wrong key", async () => {
  const empty = new MemoryStore({ clock });
  await assert.rejects(openRepository(empty, SAMPLE_SECRET), { kind: "not-found", code: "repository_not_found" });
  const { store } = await init();
  const wrong = { kind: "unauthenticated", code: "wrong_repository_key" };
  await assert.rejects(openRepository(store, newLocationKey()), wrong);
  await assert.rejects(openRepository(store, { kind: "password", password: "guess" }), wrong);
});

test("openRepository() refuses a location's key for a repository without a salt", async () => {
  const { store } = await init();
  for (const key of [IDENTITY_KEY, spareOf(IDENTITY_KEY)]) await store.delete(key);
  await assert.rejects(openRepository(store, SAMPLE_SECRET), { kind: "usage", code: "location_key_without_salt" });
});

test("openRepository() says that the config is damaged when the key is right", async () => {
  const { store } = await init();
  const sealed = await store.get(CONFIG_KEY);
  for (const key of [CONFIG_KEY, spareOf(CONFIG_KEY)]) await store.put(key, sealed.fill(1, 20, 21));
  await assert.rejects(openRepository(store, SAMPLE_SECRET), { kind: "corrupt", code: "config" });
});

test("openRepository() goes past a key file that holds another master key", async () => {
  const { store, repository } = await init();
  const password = "shared";
  const add = async (masterKey: Repository["masterKey"]): Promise<HexId> => {
    const options = { parameters: RANDOM_PASSWORD_PARAMETERS, ...SAMPLE_OWNER, createdMs: 0 };
    const bytes = await createKeyFile(masterKey, password, options);
    const id = createHash("sha256").update(bytes).digest("hex") as HexId;
    await store.put(keyOfFile("keys", id), bytes);
    await clock.advance(1_000);
    return id;
  };
  await clock.advance(1_000);
  await add(randomMasterKey());
  const good = await add(repository.masterKey);
  assert.equal((await openRepository(store, { kind: "password", password })).keyId, good);
});

test("openRepository() reports key files that cannot be used", async () => {
  const { store } = await init();
  await store.put(keyOfFile("keys", "f".repeat(64) as HexId), Buffer.from("junk"));
  const { findings } = await openRepository(store, SAMPLE_SECRET);
  assert.deepEqual(
    findings.map(({ grade, code }) => [grade, code]),
    [["info", "key_file_unusable"]],
  );
});

test("openRepository() takes the chunker from its second place when another tool wrote the config anew", async () => {
  const { store, repository } = await init();
  await dropOurField(store, repository);
  const opened = await openRepository(store, SAMPLE_SECRET);
  assert.deepEqual(opened.config, repository.config);
  assert.deepEqual(chunkerOf(opened), repository.config.chunker);
  assert.deepEqual(
    opened.findings.map(({ grade, code }) => [grade, code]),
    [["info", "chunker_recovered"]],
  );
});

test("openRepository() opens with both places lost, but chunkerOf() lets nothing be added", async () => {
  const { store, repository } = await init();
  await dropOurField(store, repository);
  await store.put(CHUNKER_KEY, Buffer.from("what somebody without the key can put there"));
  const opened = await openRepository(store, SAMPLE_SECRET);
  assert.deepEqual(
    opened.findings.map(({ grade, code }) => [grade, code]),
    [["critical", "chunker_damaged"]],
  );
  assert.throws(() => chunkerOf(opened), { code: "chunker_version" });
});

test("openRepository() lets a repository of restic cut as restic does, whatever lies in our place", async () => {
  const { store, repository } = await init();
  await dropOurField(store, repository);
  await addKey(store, repository.masterKey, { password: "a", parameters: RANDOM_PASSWORD_PARAMETERS, owner: SAMPLE_OWNER }, clock);
  await store.delete(IDENTITY_KEY);
  const opened = await openRepository(store, { kind: "password", password: "a" });
  assert.deepEqual(chunkerOf(opened), { kind: "rabin", polynomial: repository.config.chunkerPolynomial });
});

test("chunkerOf() refuses what a newer version made", async () => {
  const { store, repository } = await init();
  const json = Buffer.from(serializeConfig(repository.config)).toString().replace('"version":1', '"version":2');
  assert.equal(parseConfig(Buffer.from(json)).chunker?.kind, "later");
  await store.put(CONFIG_KEY, repository.cipher.seal(Buffer.from(json)));
  const opened = await openRepository(store, SAMPLE_SECRET);
  assert.throws(() => chunkerOf(opened), { kind: "unsupported", code: "chunker_version", hint: "Use a newer Holdfast" });
});
