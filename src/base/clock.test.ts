import assert from "node:assert/strict";
import { test } from "node:test";
import { isoTime, systemClock } from "./clock.ts";

const reason = new Error("stop");

test("systemClock.sleep() rejects with the reason of the signal, before and while it waits", async () => {
  await assert.rejects(systemClock.sleep(0, AbortSignal.abort(reason)), reason);
  const abort = new AbortController();
  const sleeping = systemClock.sleep(3_600_000, abort.signal);
  abort.abort(reason);
  await assert.rejects(sleeping, reason);
});

test("systemClock.sleep() does not return at once when the time is longer than a timer of Node", async () => {
  const abort = new AbortController();
  const sleeping = systemClock.sleep(2 ** 31, abort.signal).then(() => "woke");
  const first = await Promise.race([sleeping, systemClock.sleep(5).then(() => "asleep")]);
  abort.abort(reason);
  await assert.rejects(sleeping, reason);
  assert.equal(first, "asleep");
});

test("systemClock.monotonicMs() counts while it sleeps", async () => {
  const startMs = systemClock.monotonicMs();
  await systemClock.sleep(5);
  assert.ok(systemClock.monotonicMs() - startMs >= 4);
});

test("isoTime() is RFC 3339 in UTC", () => assert.equal(isoTime(1_000), "1970-01-01T00:00:01.000Z"));
