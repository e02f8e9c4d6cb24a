import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "../base/errors.ts";
import { formatDuration, formatElapsed, parseDuration } from "./duration.ts";

const durations = [
  ["0s", 0, "0 s"],
  ["90s", 90_000, "1 min 30 s"],
  ["1h30m", 5_400_000, "1 h 30 min"],
  ["2d", 172_800_000, "2 d"],
  ["1d5s", 86_405_000, "1 d"],
] as const;
for (const [text, ms, shown] of durations) {
  test(`parseDuration() reads "${text}", and formatDuration() shows "${shown}"`, () => {
    assert.equal(parseDuration(text), ms);
    assert.equal(formatDuration(ms), shown);
  });
}

test("formatDuration() rounds to seconds before it chooses units", () => {
  assert.equal(formatDuration(59_600), "1 min");
  assert.equal(formatDuration(400), "0 s");
});

for (const text of ["", "5", "m", "1.5h", "-1h", "1 h", "1w", "1h "]) {
  test(`parseDuration() refuses "${text}"`, () => {
    assert.throws(
      () => parseDuration(text),
      (error) => error instanceof DomainError && error.code === "duration",
    );
  });
}

test("formatElapsed() tells tenths of a second below ten", () => {
  assert.deepEqual([0, 449, 9_949, 9_950, 200_000].map(formatElapsed), ["0.0 s", "0.4 s", "9.9 s", "10 s", "3 min 20 s"]);
});
