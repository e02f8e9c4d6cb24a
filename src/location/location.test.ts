import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { newLocationKey } from "../repository/secret.ts";
import { MemoryStore } from "../storage/memory.ts";
import { type ObjectKey, parseObjectKey } from "../storage/object-store.ts";
import { openRepository } from "../repository/repository.ts";
import { readWriter } from "../repository/writer.ts";
import { claimWriting, makeUnitRepository, unitStore } from "./unit-repository.ts";
import { addUnit, findUnit, listUnits } from "./units.ts";
import { initLocation, type Location, openLocation } from "./location.ts";

const RECORDS = "holdfast-location/";
const shop = { kind: "namespace", name: "shop" } as const;

class World {
  readonly store: MemoryStore = new MemoryStore({ clock: new FakeClock() });
  readonly secret = newLocationKey();

  async location(): Promise<Location> {
    return initLocation(this.store, { secret: this.secret });
  }

  async keys(): Promise<readonly ObjectKey[]> {
    return Array.fromAsync(this.store.list(""), ({ key }) => key);
  }
}

test("a location is opened by its key alone, and made once", async () => {
  const { store, secret } = new World();
  await assert.rejects(openLocation(store, secret), { kind: "not-found", code: "location_not_found" });
  const { id } = await initLocation(store, { secret });
  assert.equal((await openLocation(store, secret)).id, id);
  await assert.rejects(openLocation(store, newLocationKey()), { kind: "unauthenticated", code: "wrong_repository_key" });
  await assert.rejects(openLocation(store, { kind: "password", password: "x" }), { kind: "usage", code: "location_key_needed" });
  await assert.rejects(initLocation(store, { secret }), { kind: "conflict", code: "location_exists" });
});

test("a location opens by its spare when its file is lost or damaged, and says so", async () => {
  const world = new World();
  const { id } = await world.location();
  const [file, spare] = (await world.keys()) as [ObjectKey, ObjectKey];
  const bytes = await world.store.get(file);
  await world.store.put(file, bytes.subarray(0, 20));
  const opened = await openLocation(world.store, world.secret);
  assert.deepEqual([opened.id, opened.findings.map(({ code }) => code)], [id, ["spare_used"]]);
  await world.store.delete(file);
  assert.match((await openLocation(world.store, world.secret)).findings[0]?.message ?? "", /it is lost/);
  await world.store.put(spare, new Uint8Array(3));
  await assert.rejects(openLocation(world.store, world.secret), { kind: "corrupt", code: "location" });
});

test("clusters of one name have folders of their own, and a renamed one keeps its own", async () => {
  const location = await new World().location();
  const paths = [];
  for (const [id, name] of [
    ["11111111-a", "prod"],
    ["22222222-b", "prod"],
    ["11111111-a", "production"],
    ["33333333-c", "../Prod Eu"],
  ] as const) {
    paths.push((await addUnit(location, { id, name }, shop, {})).path);
  }
  assert.deepEqual(paths, ["prod/shop/_namespace", "prod-22222222/shop/_namespace", "prod/shop/_namespace", "prod-eu/shop/_namespace"]);
});

test("units of all kinds are found again, by their cluster and in the list", async () => {
  const location = await new World().location();
  const cluster = { id: "11111111", name: "prod" };
  assert.equal(await findUnit(location, cluster, shop, {}), undefined);
  const units = [shop, { kind: "declared", name: "shop" }, { kind: "cluster", name: "cluster" }] as const;
  for (const unit of units) await addUnit(location, cluster, unit, {});
  assert.deepEqual((await findUnit(location, cluster, shop, {}))?.path, "prod/shop/_namespace");
  const { units: listed, findings } = await listUnits(location, {});
  assert.deepEqual(
    [listed.map(({ unit, path }) => [unit.kind, path]), findings],
    [
      [
        ["declared", "prod/_applications/shop"],
        ["cluster", "prod/_cluster"],
        ["namespace", "prod/shop/_namespace"],
      ],
      [],
    ],
  );
});

test("who has the bucket alone can neither make a record, nor move one", async () => {
  const world = new World();
  const location = await world.location();
  await addUnit(location, { id: "11111111", name: "prod" }, shop, {});
  const record = (await world.keys()).find((key) => key.startsWith(`${RECORDS}units/`)) as ObjectKey;
  const sealed = await world.store.get(record);
  await world.store.put(parseObjectKey(`${RECORDS}units/other/shop/_namespace`), sealed);
  await world.store.put(parseObjectKey(`${RECORDS}units/made/shop/_namespace`), new Uint8Array(100));
  const { units, findings } = await listUnits(location, {});
  assert.deepEqual(
    [units.map(({ path }) => path), findings.map(({ grade, code }) => [grade, code])],
    [
      ["prod/shop/_namespace"],
      [
        ["critical", "unit_record_damaged"],
        ["critical", "unit_record_damaged"],
      ],
    ],
  );
});

test("a repository that was made by a backup which was then killed gets its writer from the next one, and no other after", async () => {
  const world = new World();
  const location = await world.location();
  const clock = new FakeClock();
  const place = await addUnit(location, { id: "11111111", name: "prod" }, shop, {});
  await makeUnitRepository(location, place, { clock });
  const repository = await openRepository(unitStore(location, place), world.secret);
  assert.equal(await readWriter(repository), undefined);
  for (const _backup of [1, 2]) await claimWriting(repository, place, { clock });
  assert.deepEqual([(await readWriter(repository))?.cluster, (await readWriter(repository))?.epoch], ["11111111", 1]);
  const other = { cluster: { id: "22222222", name: "prod" } };
  await assert.rejects(claimWriting(repository, other, { clock }), { kind: "conflict", code: "not_the_writer" });
});
