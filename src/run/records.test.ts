import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { UlidSource } from "../base/ids.ts";
import { DomainError } from "../base/errors.ts";
import { initLocation, type Location, openLocation } from "../location/location.ts";
import { newLocationKey } from "../repository/secret.ts";
import { intercept } from "../storage/intercept.ts";
import { MemoryStore } from "../storage/memory.ts";
import { continueRecord, listRuns, openRecord, readRun, type RunHeader } from "./records.ts";

const clock = new FakeClock();
const ids = new UlidSource(clock);
const place = { path: "prod/shop/_namespace" };

async function newLocation(): Promise<Location> {
  return initLocation(new MemoryStore({ clock }), { secret: newLocationKey() });
}

function header(more: Partial<RunHeader> = {}): RunHeader {
  return { id: ids.next(), kind: "swap", point: "01M8J3GYGCV0Z5T0000000000", cluster: "11111111", namespace: "holdfast-system", ...more };
}

test("a run is read as it was written, step by step, and listed with how it ended", async () => {
  const location = await newLocation();
  const [first, second] = [header(), header({ kind: "undo", of: "01M8J3GYGCV0Z5T0000000000", point: undefined })];
  const record = await openRecord(location, place, first, { clock });
  await record.step({ kind: "set", old: { a: [1, null] } });
  await record.mark("serving");
  const open = await readRun(location, { ...place, id: first.id }, {});
  assert.deepEqual([open.end, open.header.point, open.header.kind], [undefined, first.point, "swap"]);
  await record.end("succeeded", { downtimeMs: 1200 });
  await openRecord(location, { path: "prod/other/_namespace" }, second, { clock });
  const run = await readRun(location, { ...place, id: first.id }, {});
  assert.deepEqual(
    run.entries.map((entry) => (entry.type === "step" ? entry.step : entry.mark)),
    [{ kind: "set", old: { a: [1, null] } }, "serving"],
  );
  assert.deepEqual([run.end?.outcome, run.end?.facts], ["succeeded", { downtimeMs: 1200 }]);
  assert.deepEqual(
    (await listRuns(location, undefined, {})).map(({ header: { id, of }, end }) => [id, of, end?.outcome]),
    [
      [first.id, undefined, "succeeded"],
      [second.id, second.of, undefined],
    ],
  );
  assert.deepEqual(
    (await listRuns(location, place.path, {})).map(({ header: { id } }) => id),
    [first.id],
  );
});

test("of two who go on with one run, one is refused before it does anything", async () => {
  const location = await newLocation();
  const record = await openRecord(location, place, header(), { clock });
  await record.step({ kind: "set" });
  const taken = continueRecord(location, await readRun(location, record.header, {}), clock);
  await taken.mark("rolling-back");
  await assert.rejects(record.step({ kind: "exchange" }), { kind: "conflict", code: "run_taken_over" });
  await taken.end("rolled-back");
  await assert.rejects(openRecord(location, place, record.header, { clock }), { kind: "conflict", code: "run_exists" });
});

test("an entry whose answer was lost counts, and the next comes after it", async () => {
  const { store, secret } = { store: new MemoryStore({ clock }), secret: newLocationKey() };
  await initLocation(store, { secret });
  let isLost = false;
  const losing = intercept(store, async ({ name }, call) => {
    const result = await call();
    if (name === "put" && isLost) throw new DomainError("unavailable", "storage_unavailable", "lost");
    return result;
  });
  const location = await openLocation(losing, secret);
  const record = await openRecord(location, place, header(), { clock });
  isLost = true;
  await assert.rejects(record.mark("serving"), { kind: "unavailable" });
  isLost = false;
  await record.mark("rolling-back");
  const { entries } = await readRun(location, record.header, {});
  assert.deepEqual(
    entries.map((entry) => (entry.type === "mark" ? entry.mark : "")),
    ["serving", "rolling-back"],
  );
});

test("a record that was moved to another run is refused, and what is no record is left alone", async () => {
  const location = await newLocation();
  const [one, other] = [header(), header()];
  const record = await openRecord(location, place, one, { clock });
  await record.step({ kind: "set" });
  await openRecord(location, place, other, { clock });
  const key = (id: string, number: string): never => `holdfast-location/runs/${place.path}/${id}/${number}` as never;
  await location.store.put(key(other.id, "001"), await location.store.get(key(one.id, "001")));
  await assert.rejects(readRun(location, { ...place, id: other.id }, {}), { kind: "corrupt" });
  await location.store.put(key(one.id, "notes"), new Uint8Array(3));
  assert.equal((await readRun(location, { ...place, id: one.id }, {})).entries.length, 1);
});
