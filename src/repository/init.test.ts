import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "../base/errors.ts";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { faulty } from "../storage/faulty.ts";
import { intercept } from "../storage/intercept.ts";
import { MemoryStore } from "../storage/memory.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { newGearParameters } from "./chunker/gear.ts";
import { parseChunkerParameters } from "./format/chunker-parameters.ts";
import { JsonObject } from "./format/json-object.ts";
import { initRepository, type InitOptions } from "./init.ts";
import { listKeyIds, readKeys, unlockKeys } from "./keys.ts";
import { CHUNKER_KEY, CONFIG_KEY, IDENTITY_KEY, keyOfFile, spareOf } from "./layout.ts";
import { openRepository, type Repository } from "./repository.ts";
import { newLocationKey, repositoryPassword } from "./secret.ts";
import { SAMPLE_OWNER, SAMPLE_SECRET, SampleRepository } from "./testing/sample-repository.ts";

const clock = new FakeClock();

async function init(store: ObjectStore, options: Partial<InitOptions> = {}): Promise<Repository> {
  return initRepository(store, { secret: SAMPLE_SECRET, owner: SAMPLE_OWNER, clock, ...options });
}

/** As restic opens it: with the first key file that the password fits, and no other. */
async function opensWithFirstKey(store: ObjectStore): Promise<void> {
  const { identity, config } = await openRepository(store, SAMPLE_SECRET);
  const { keys } = await readKeys(store);
  const opened = await Array.fromAsync(unlockKeys(keys, repositoryPassword(SAMPLE_SECRET, identity)));
  assert.ok(opened.length > 0);
  const repositories = opened.map(({ masterKey }) => masterKey);
  for (const masterKey of repositories) assert.deepEqual(masterKey, repositories[0]);
  assert.equal(config.version, 2);
}

test("initRepository() makes a repository with a chunker of its own, kept twice", async () => {
  const store = new MemoryStore({ clock });
  const { config, identity, cipher, findings } = await init(store);
  assert.equal(config.chunker?.kind, "gear");
  assert.ok(identity !== undefined);
  assert.deepEqual(findings, []);
  const kept = JsonObject.parse(cipher.open(await store.get(CHUNKER_KEY)), "chunker parameters");
  assert.deepEqual(parseChunkerParameters(kept), config.chunker);
});

test("initRepository() makes spares of all that opens the repository", async () => {
  const store = new MemoryStore({ clock });
  const { keyId } = await init(store);
  for (const key of [CONFIG_KEY, IDENTITY_KEY, keyOfFile("keys", keyId)]) {
    assert.deepEqual(await store.get(spareOf(key)), await store.get(key), key);
  }
});

test("initRepository() takes over how another repository cuts, ours or one of restic", async () => {
  const first = await init(new MemoryStore({ clock }));
  const second = await init(new MemoryStore({ clock }), { chunkerFrom: first.config });
  assert.deepEqual(second.config.chunker, first.config.chunker);
  assert.equal(second.config.chunkerPolynomial, first.config.chunkerPolynomial);
  assert.notEqual(second.config.id, first.config.id);
  const ofRestic = { chunkerPolynomial: first.config.chunkerPolynomial };
  const store = new MemoryStore({ clock });
  assert.equal((await init(store, { chunkerFrom: ofRestic })).config.chunker, undefined);
  await assert.rejects(store.get(CHUNKER_KEY), { code: "object_not_found" });
});

test("initRepository() refuses to cut as a newer version does", async () => {
  const { config } = await init(new MemoryStore({ clock }));
  const chunkerFrom = { ...config, chunker: { kind: "later", fields: { kind: "new", version: 2 } } } as const;
  await assert.rejects(init(new MemoryStore({ clock }), { chunkerFrom }), { code: "chunker_version" });
});

test("initRepository() leaves a repository that is there as it is", async () => {
  const store = new MemoryStore({ clock });
  const first = await init(store);
  const before = await contentsOf(store);
  await assert.rejects(init(store), { kind: "conflict", code: "repository_exists" });
  assert.deepEqual(await contentsOf(store), before);
  assert.equal((await openRepository(store, SAMPLE_SECRET)).config.id, first.config.id);
});

test("initRepository() makes nothing over a repository that lost its config", async () => {
  const store = new MemoryStore({ clock });
  const sample = await SampleRepository.init(store, clock);
  await sample.addSnapshot({ file: "content" });
  await store.delete(CONFIG_KEY);
  await assert.rejects(init(store), { kind: "conflict", code: "repository_exists" }, "its spare opens it");
  await store.delete(spareOf(CONFIG_KEY));
  const before = await contentsOf(store);
  await assert.rejects(init(store), { kind: "conflict", code: "config_missing" });
  assert.deepEqual(await contentsOf(store), before);
});

test("initRepository() killed before anything it writes is made good by a second init", async () => {
  for (let allowed = 0, done = false; !done; allowed++) {
    const store = new MemoryStore({ clock });
    let puts = 0;
    const dying = faulty(store, ({ name }) => (name === "put" && ++puts > allowed ? "refused" : undefined));
    done = await init(dying).then(
      () => true,
      () => false,
    );
    const second = await init(store).catch((error: unknown) => error);
    // After the config, only its spare and the second copy of the chunker may be missing.
    if (second instanceof Error) assert.equal(second instanceof DomainError && second.code, "repository_exists");
    await opensWithFirstKey(store);
    assert.ok(allowed < 10);
  }
});

test("initRepository() of two at a time lets one win, and leaves no key of the other", async () => {
  const store = new MemoryStore({ clock });
  let rival: Promise<Repository> | undefined;
  const overtaken = intercept(store, async (operation, call) => {
    if (operation.name === "put" && operation.key === CONFIG_KEY) await (rival ??= init(store));
    return call();
  });
  await assert.rejects(init(overtaken, { secret: newLocationKey() }), { code: "repository_exists" });
  const winner = await (rival ?? assert.fail("the config was never written"));
  assert.deepEqual(
    (await readKeys(store)).keys.map(({ id }) => id),
    [winner.keyId],
  );
  assert.deepEqual(await listKeyIds(store), [winner.keyId]);
  await opensWithFirstKey(store);
});

test("initRepository() writes version 1 when asked", async () => {
  const { config } = await init(new MemoryStore({ clock }), {
    version: 1,
    chunkerFrom: { chunker: newGearParameters(), chunkerPolynomial: 0x3abc9bff07d9e5n },
  });
  assert.equal(config.version, 1);
});

async function contentsOf(store: ObjectStore): Promise<Map<string, Uint8Array>> {
  const entries = await Array.fromAsync(store.list(""), async ({ key }) => [key, await store.get(key)] as const);
  return new Map(entries);
}
