import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHexId, parseUlid, randomHexId, ulidTime, UlidSource } from "./ids.ts";
import { FakeClock } from "./testing/fake-clock.ts";
import { fc } from "./testing/property.ts";

const MAX_TIME_MS = 2 ** 48 - 1;
const zeros = (length: number): Uint8Array => new Uint8Array(length);
const ones = (length: number): Uint8Array => new Uint8Array(length).fill(0xff);

test("UlidSource encodes time and randomness as the specification of ULID says", () => {
  assert.equal(new UlidSource(new FakeClock(0), zeros).next(), "00000000000000000000000000");
  assert.equal(new UlidSource(new FakeClock(MAX_TIME_MS), ones).next(), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
  // The example of the specification: 01ARZ3NDEK is 2016-07-30T23:54:10.259Z.
  const example = new UlidSource(new FakeClock(1_469_922_850_259), zeros).next();
  assert.equal(example, "01ARZ3NDEK0000000000000000");
  assert.equal(ulidTime(example), 1_469_922_850_259);
});

test("UlidSource rises strictly within a millisecond, past the last random value, and when the clock goes back", () => {
  let now = 5;
  const clock = Object.assign(new FakeClock(), { now: () => now });
  const source = new UlidSource(clock, ones);
  const ids = [source.next(), source.next()];
  now = 1;
  ids.push(source.next());
  now = 100;
  ids.push(source.next());
  assert.deepEqual(ids, ids.toSorted());
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(ids.map(ulidTime), [5, 6, 6, 100]);
});

test("parseUlid() reads back every id in either case, with its time", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: MAX_TIME_MS }), fc.uint8Array({ minLength: 10, maxLength: 10 }), (timeMs, random) => {
      const id = new UlidSource(new FakeClock(timeMs), () => random).next();
      assert.equal(parseUlid(id.toLowerCase()), id);
      assert.equal(ulidTime(id), timeMs);
    }),
  );
});

test("parseUlid() refuses other lengths, letters outside the alphabet, and values over 128 bits", () => {
  for (const text of [
    "",
    "0000000000000000000000000",
    "0000000000000000000000000U",
    "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
    "00000000000000000000000000\n",
  ]) {
    assert.throws(() => parseUlid(text), { kind: "usage", code: "ulid" });
  }
});

test("parseHexId() reads what randomHexId() makes and nothing looser", () => {
  const id = randomHexId(ones);
  assert.equal(id, "f".repeat(64));
  assert.equal(parseHexId(id), id);
  assert.notEqual(randomHexId(), randomHexId());
  for (const text of ["", "f".repeat(63), "F".repeat(64), "g".repeat(64), `${id}\n`]) {
    assert.throws(() => parseHexId(text), { kind: "usage", code: "hex_id" });
  }
});
