import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../base/testing/property.ts";
import { parseTimestamp, timestampAt } from "./timestamp.ts";

test("parseTimestamp() keeps the text with its offset, and knows milliseconds and nanoseconds", () => {
  assert.deepEqual(parseTimestamp("2024-02-29T23:59:58.123456789+05:30"), {
    text: "2024-02-29T23:59:58.123456789+05:30",
    epochMs: 1_709_231_398_123,
    epochNs: 1_709_231_398_123_456_789n,
  });
  assert.equal(parseTimestamp("1970-01-01T00:00:00Z")?.epochNs, 0n);
  assert.equal(parseTimestamp("1969-12-31T23:59:59.9999-00:01")?.epochNs, 59_999_900_000n);
  assert.equal(parseTimestamp("1969-12-31T23:59:59.9999Z")?.epochMs, -1);
  assert.equal(parseTimestamp("0001-01-01T00:00:00Z")?.epochMs, -62_135_596_800_000, "Go's zero time");
});

test("parseTimestamp() refuses what Go refuses, and what Temporal would accept beyond it", () => {
  const bad = [
    ["", "now", "2024-02-29", "2024-02-29T23:59Z", "2024-02-29T23:59:58", "2024-02-29 23:59:58Z", "2024-02-29T23:59:58z"],
    ["2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:60Z", "2024-01-01T00:00:00+25:00"],
    ["2024-01-01T00:00:00Z[UTC]", "2024-01-01T00:00:00+00:00:01", "+002024-01-01T00:00:00Z", "2024-01-01T00:00:00.Z", "20240101T000000Z"],
    ["2024-01-01T00:00:00.1234567890Z", " 2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z\n"],
  ].flat();
  for (const text of bad) assert.equal(parseTimestamp(text), undefined, JSON.stringify(text));
});

test("timestampAt() writes what parseTimestamp() reads", () => {
  const firstMs = -62_135_596_800_000; // year 1
  const lastMs = 253_402_300_799_999; // year 9999
  fc.assert(
    fc.property(fc.integer({ min: firstMs, max: lastMs }), (epochMs) => {
      const time = timestampAt(epochMs);
      assert.deepEqual(parseTimestamp(time.text), time);
      assert.equal(time.epochMs, epochMs);
    }),
  );
});
