import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { MemoryStore } from "../../storage/memory.ts";
import type { ObjectKey } from "../../storage/object-store.ts";
import { Damages } from "../check/damages.ts";
import { checkAccessFiles } from "../check/access-files.ts";
import { serializeConfig } from "../format/config.ts";
import { RANDOM_PASSWORD_PARAMETERS } from "../format/key-file.ts";
import { addKey, listKeyIds, readKeys, removeKey } from "../keys.ts";
import { CONFIG_KEY, IDENTITY_KEY, keyOfFile, SPARE_FOLDER, spareOf } from "../layout.ts";
import { openRepository, type Repository } from "../repository.ts";
import { SAMPLE_OWNER, SAMPLE_SECRET, SampleRepository } from "../testing/sample-repository.ts";
import { type MendedFile, repairAccess, type RepairAccessOptions } from "./repair-access.ts";

class World {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore({ clock: this.clock });
  readonly findings: Finding[] = [];

  static async make(): Promise<World> {
    const world = new World();
    await SampleRepository.init(world.store, world.clock);
    return world;
  }

  async open(): Promise<Repository> {
    return openRepository(this.store, SAMPLE_SECRET);
  }

  async repair(options: Partial<RepairAccessOptions> = {}): Promise<readonly MendedFile[]> {
    const report = (finding: Finding): void => void this.findings.push(finding);
    return repairAccess(await this.open(), { dryRun: false, lostKeys: [], report, ...options });
  }

  /** What check says of the files that open the repository. */
  async check(repository?: Repository): Promise<readonly string[]> {
    const sample = new SampleRepository(repository ?? (await this.open()), this.clock);
    await using session = await sample.session();
    const damages = new Damages(session.index);
    await checkAccessFiles(session, damages);
    return damages.list.map(({ grade = "critical", code, object }) => `${grade} ${code} ${object}`);
  }

  async addKey(password: string): Promise<HexId> {
    const { masterKey } = await this.open();
    return addKey(this.store, masterKey, { password, parameters: RANDOM_PASSWORD_PARAMETERS, owner: SAMPLE_OWNER }, this.clock);
  }

  async contents(): Promise<ReadonlyMap<string, string>> {
    return new Map(await Array.fromAsync(this.store.list(""), async ({ key }) => [key, (await this.store.get(key)).toBase64()] as const));
  }
}

const isSpare = (key: ObjectKey): boolean => key.startsWith(SPARE_FOLDER);

test("check names each file that is lost or damaged, original or spare, and the repair puts back its very bytes", async () => {
  const world = await World.make();
  const whole = await world.contents();
  const { keyId } = await world.open();
  const originals = [CONFIG_KEY, IDENTITY_KEY, keyOfFile("keys", keyId)];
  for (const key of [...originals, ...originals.map(spareOf)]) {
    for (const was of ["missing", "damaged"] as const) {
      if (was === "missing") await world.store.delete(key);
      else await world.store.put(key, (await world.store.get(key)).fill(0, 20, 21));
      const grade = isSpare(key) && was === "missing" ? "info" : "critical";
      const opened = await world.open();
      assert.deepEqual(await world.check(opened), [`${grade} ${isSpare(key) ? "spare" : "access_file"}_${was} ${key}`]);
      assert.deepEqual(await repairAccess(opened, { dryRun: false, lostKeys: [], report: ({ message }) => assert.fail(message) }), [
        { key, was },
      ]);
      assert.deepEqual([await world.contents(), await world.check(opened)], [whole, []]);
    }
  }
});

test("A dry run says the same and writes nothing", async () => {
  const world = await World.make();
  await world.store.delete(CONFIG_KEY);
  await world.store.delete(spareOf(IDENTITY_KEY));
  const before = await world.contents();
  const said = await world.repair({ dryRun: true });
  assert.deepEqual(await world.contents(), before);
  assert.deepEqual(await world.repair(), said);
});

test("A repository without spares, as others make it: check says nothing of that, and the repair makes them", async () => {
  const world = await World.make();
  const password = "of restic";
  const key = keyOfFile("keys", await world.addKey(password));
  for await (const { key: spare } of world.store.list(SPARE_FOLDER)) await world.store.delete(spare);
  await world.store.delete(IDENTITY_KEY);
  const { config, cipher } = await openRepository(world.store, { kind: "password", password });
  await world.store.put(CONFIG_KEY, cipher.seal(serializeConfig({ ...config, chunker: undefined })));
  const open = async (): Promise<Repository> => openRepository(world.store, { kind: "password", password });
  assert.deepEqual(await world.check(await open()), []);
  await repairAccess(await open(), { dryRun: false, lostKeys: [], report: ({ message }) => assert.fail(message) });
  assert.deepEqual(await world.check(await open()), []);
  await world.store.delete(key);
  await world.store.delete(CONFIG_KEY);
  await open();
  await world.store.delete(spareOf(CONFIG_KEY));
  await assert.rejects(open());
});

test("What another program wrote anew is right, and its spare gets it", async () => {
  const world = await World.make();
  const { config, cipher } = await world.open();
  await world.store.put(CONFIG_KEY, cipher.seal(serializeConfig({ ...config, otherFields: { more: 1 } })));
  assert.deepEqual(await world.check(), [`info spare_outdated ${spareOf(CONFIG_KEY)}`]);
  await world.repair();
  assert.deepEqual(await world.store.get(spareOf(CONFIG_KEY)), await world.store.get(CONFIG_KEY));
});

test("A key whose file is gone is put back only if it is named: another program may have removed it", async () => {
  const world = await World.make();
  const id = await world.addKey("removed or lost");
  const key = keyOfFile("keys", id);
  await world.store.delete(key);
  assert.deepEqual(await world.check(), [`critical access_file_missing ${key}`]);
  assert.deepEqual(await world.repair(), []);
  assert.deepEqual(
    world.findings.map(({ code, object }) => [code, object]),
    [["key_not_put_back", key]],
  );
  const short = id.slice(0, 8);
  assert.match(world.findings[0]?.message ?? "", new RegExp(`"holdfast repository repair access ${short}".* key remove ${short}"$`));
  assert.deepEqual(await world.repair({ lostKeys: [id] }), [{ key, was: "missing" }]);
  await openRepository(world.store, { kind: "password", password: "removed or lost" });

  await world.store.delete(key);
  const { keyId } = await world.open();
  await removeKey(world.store, id, keyId, world);
  assert.deepEqual([await listKeyIds(world.store), await world.check()], [[keyId], []]);
});

test("A key that was removed here and is locked gets no spare again", async () => {
  const world = await World.make();
  const id = await world.addKey("removed");
  await world.store.delete(keyOfFile("spareKeys", id));
  const settings = { id, revision: 1, timeMs: 0, retentionMs: 1, expiringKeys: [id] };
  const repository = { ...(await world.open()), retention: { neededMs: 1, untilMs: 1, settings } };
  assert.deepEqual(await world.check(repository), []);
  assert.deepEqual(await repairAccess(repository, { dryRun: false, lostKeys: [], report: () => undefined }), []);
});

test("No key is put back that restic would not come to, and what is no key file gets no spare", async () => {
  const world = await World.make();
  const { masterKey } = await world.open();
  const parameters = { N: 2, r: 1, p: 1 };
  const lost = await world.addKey("lost");
  await world.store.delete(keyOfFile("keys", lost));
  for (let n = 0; n < 19; n++) {
    await addKey(world.store, masterKey, { password: `${n}`, parameters, owner: SAMPLE_OWNER }, world.clock);
  }
  await assert.rejects(world.repair({ lostKeys: [lost] }), { code: "too_many_keys" });
  assert.equal((await readKeys(world.store)).keys.length, 20);
  await world.store.put(keyOfFile("keys", "f".repeat(64) as HexId), Buffer.from("junk"));
  assert.deepEqual(await world.repair(), []);
});
