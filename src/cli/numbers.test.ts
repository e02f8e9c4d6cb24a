import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCount, parseMoment } from "./numbers.ts";

test("parseCount() reads whole numbers from 1 on", () => {
  assert.equal(parseCount("12", "--x"), 12);
  for (const text of ["0", "-1", "1.5", "1e3", "", "many", "99999999999999999999"]) {
    assert.throws(() => parseCount(text, "--x"), { kind: "usage", code: "count" }, text);
  }
});

test("parseMoment() reads RFC 3339 and nothing else", () => {
  assert.equal(parseMoment("2026-05-01T15:45:00+02:00", "--x"), 1_777_643_100_000);
  for (const text of ["now", "2026-05-01", "2026-05-01 13:45:00", "2026-13-01T00:00:00Z"]) {
    assert.throws(() => parseMoment(text, "--x"), { kind: "usage", code: "time" }, text);
  }
});
