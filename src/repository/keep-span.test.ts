import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "../base/errors.ts";
import { parseKeepSpan, showSpan, startOfSpan } from "./keep-span.ts";

const spans = [
  ["1y5m7d2h", { years: 1, months: 5, days: 7, hours: 2 }, "1y5m7d2h"],
  ["14d", { years: 0, months: 0, days: 14, hours: 0 }, "14d"],
  ["2h1y", { years: 1, months: 0, days: 0, hours: 2 }, "1y2h"],
  ["0h", { years: 0, months: 0, days: 0, hours: 0 }, ""],
  ["10000y", { years: 10_000, months: 0, days: 0, hours: 0 }, "10000y"],
] as const;
for (const [text, span, shown] of spans) {
  test(`parseKeepSpan() reads "${text}", and showSpan() writes "${shown}"`, () => {
    assert.deepEqual(parseKeepSpan(text), span);
    assert.equal(showSpan(span), shown);
  });
}

for (const text of ["", " ", "7", "d", "7w", "-7d", "7d ", "1.5d", "10001y", "9".repeat(400) + "h"]) {
  test(`parseKeepSpan() refuses "${text.slice(0, 10)}"`, () => {
    assert.throws(
      () => parseKeepSpan(text),
      (error) => error instanceof DomainError && error.code === "keep_span",
    );
  });
}

const starts = [
  ["2026-03-31T12:00:00+01:00", "1m", "2026-03-03T12:00:00+01:00"],
  ["2024-02-29T12:00:00Z", "1y", "2023-03-01T12:00:00+00:00"],
  ["2026-01-01T01:00:00Z", "1y1m1d2h", "2024-11-29T23:00:00+00:00"],
] as const;
for (const [end, span, start] of starts) {
  test(`startOfSpan() of ${span} before ${end} is ${start}`, () => {
    const zone = end.endsWith("Z") ? "UTC" : end.slice(-6);
    const time = startOfSpan(parseKeepSpan(span), Temporal.Instant.from(end).toZonedDateTimeISO(zone));
    assert.equal(time.toString({ timeZoneName: "never" }), start);
  });
}
