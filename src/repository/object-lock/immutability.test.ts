import assert from "node:assert/strict";
import { test } from "node:test";
import { isoTime } from "../../base/clock.ts";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { parseObjectKey } from "../../storage/object-store.ts";
import { firstOfMonth, retaining, retentionDates } from "./immutability.ts";

const DAY_MS = 86_400_000;
const ID = "ab".repeat(32);

function moment(text: string): number {
  return Temporal.Instant.from(text).epochMilliseconds;
}

test("firstOfMonth() rounds up to the first moment of a month in UTC", () => {
  const rounded = (text: string): string => isoTime(firstOfMonth(moment(text)));
  assert.equal(rounded("2026-02-01T00:00:00.000Z"), "2026-02-01T00:00:00.000Z");
  assert.equal(rounded("2026-02-01T00:00:00.001Z"), "2026-03-01T00:00:00.000Z");
  assert.equal(rounded("2026-12-31T23:59:59.999Z"), "2027-01-01T00:00:00.000Z");
  assert.equal(rounded("2028-02-29T12:00:00.000Z"), "2028-03-01T00:00:00.000Z");
});

test("retentionDates() asks for retention and margin, and gives the next first of a month", () => {
  const nowMs = moment("2026-01-10T00:00:00Z");
  assert.deepEqual(retentionDates({ retentionMs: 30 * DAY_MS, marginMs: 2 * DAY_MS }, nowMs), {
    neededMs: moment("2026-02-11T00:00:00Z"),
    untilMs: moment("2026-03-01T00:00:00Z"),
  });
});

test("retaining() gives a date to what must last, and none to locks, marks, resume records and ledgers", async () => {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock, versioned: true });
  const dates = retentionDates({ retentionMs: DAY_MS, marginMs: 0 }, clock.now());
  const last = [`data/ab/${ID}`, `index/${ID}`, `snapshots/${ID}`, `keys/${ID}`, "config", "holdfast/repository.json", "holdfast/chunker"];
  const pass = [`locks/${ID}`, ...["marks", "resume", "ledger"].map((folder) => `holdfast/${folder}/${ID}`), "data/other", `data/cd/${ID}`];
  for (const key of [...last, ...pass].map(parseObjectKey)) {
    await retaining(store, dates).put(key, Buffer.from("x"));
    assert.equal(await store.locking?.retainedUntilMs(key), last.includes(key) ? dates.untilMs : undefined, key);
  }
});
