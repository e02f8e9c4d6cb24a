import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../../base/testing/property.ts";
import { GO_ZERO_TIME_NS, GoTimeFormat, parseGoTime } from "./go-time.ts";

const NS = 1_000_000_000n;
const FIRST_NS = -62_167_219_200n * NS; // 0000-01-01
const END_NS = 253_402_300_800n * NS; // 10000-01-01

function parse(text: string): bigint | undefined {
  // Digits around it, so that reading beyond either end shows.
  return parseGoTime(Buffer.from(`1${text}1`), 1, text.length + 1);
}

test("format() writes UTC, and a fraction without its trailing zeros", () => {
  const rows = [
    [0n, "1970-01-01T00:00:00Z"],
    [-1n, "1969-12-31T23:59:59.999999999Z"],
    [1n, "1970-01-01T00:00:00.000000001Z"],
    [100_000_000n, "1970-01-01T00:00:00.1Z"],
    [951_782_399n * NS + 120_000n, "2000-02-28T23:59:59.00012Z"],
    [951_782_400n * NS, "2000-02-29T00:00:00Z"],
    [10_413_792_000n * NS, "2300-01-01T00:00:00Z"],
    [GO_ZERO_TIME_NS, "0001-01-01T00:00:00Z"],
    [FIRST_NS, "0000-01-01T00:00:00Z"],
    [END_NS - 1n, "9999-12-31T23:59:59.999999999Z"],
  ] as const;
  const time = new GoTimeFormat();
  for (const [ns, text] of rows) {
    assert.equal(time.format(ns), text);
    assert.equal(parse(text), ns);
  }
});

test("format() moves a year that cannot be written to the nearest that can", () => {
  const time = new GoTimeFormat();
  assert.equal(time.format(END_NS), "9999-01-01T00:00:00Z");
  assert.equal(time.format(FIRST_NS - 1n), "0000-12-31T23:59:59.999999999Z");
  assert.equal(time.format(END_NS + 59n * 86_400n * NS), "9999-03-01T00:00:00Z"); // 29 February 10000
  assert.match(time.format(2n ** 63n * NS), /^9999-/);
});

test("format() and parseGoTime() agree with the calendar of the platform", () => {
  const time = new GoTimeFormat();
  const moment = fc.bigInt({ min: FIRST_NS, max: END_NS - 1n });
  fc.assert(
    fc.property(moment, (ns) => {
      const text = Temporal.Instant.fromEpochNanoseconds(ns).toString();
      assert.equal(time.format(ns), text);
      assert.equal(parse(text), ns);
    }),
    { numRuns: 1000 },
  );
});

test("parseGoTime() reads offsets, commas, and digits beyond nanoseconds", () => {
  assert.equal(parse("1970-01-01T05:30:00.5+05:30"), 500_000_000n);
  assert.equal(parse("1969-12-31T16:00:00-08:00"), 0n);
  assert.equal(parse("1970-01-01T00:00:00,000000001999Z"), 1n);
});

test("parseGoTime() refuses everything else", () => {
  const good = "2000-02-28T23:59:59.5+01:00";
  for (let length = 0; length < good.length; length++) assert.equal(parse(good.slice(0, length)), undefined, good.slice(0, length));
  const refused = `
    2001-02-29T00:00:00Z 1900-02-29T00:00:00Z 2000-04-31T00:00:00Z 2000-00-01T00:00:00Z 2000-13-01T00:00:00Z 2000-01-00T00:00:00Z
    2000-01-01T24:00:00Z 2000-01-01T00:60:00Z 2000-01-01T00:00:60Z 2000-01-01t00:00:00Z 2000-01-01T00:00:00z 2000-01-01T00:00:00.Z
    2000-01-01T00:00:00 2000-01-01T00:00:00ZZ 2000-01-01T00:00:00+24:00 2000-01-01T00:00:00+01:60 2000-01-01T00:00:00+0100
    2000-01-01T00:00:00.5 +2000-1-01T00:00:00Z 2000/01/01T00:00:00Z -001-01-01T00:00:00Z 12000-01-01T00:00:00Z`;
  for (const text of refused.trim().split(/\s+/)) assert.equal(parse(text), undefined, text);
});
