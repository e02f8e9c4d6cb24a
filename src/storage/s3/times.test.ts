import assert from "node:assert/strict";
import { test } from "node:test";
import { amzDate, parseHttpDate, parseIsoTime } from "./times.ts";

test("amzDate() writes the basic form without milliseconds", () => assert.equal(amzDate(1_369_353_600_999), "20130524T000000Z"));

test("parseIsoTime() reads with and without fractions, and nothing else", () => {
  assert.equal(parseIsoTime("2009-10-12T17:50:30.000Z"), 1_255_369_830_000);
  assert.equal(parseIsoTime("2009-10-12T17:50:30Z"), 1_255_369_830_000);
  for (const text of ["", "2009-10-12", "2009-13-12T17:50:30Z", "yesterday"]) assert.equal(parseIsoTime(text), undefined, text);
});

test("parseHttpDate() reads IMF-fixdate, and nothing else", () => {
  assert.equal(parseHttpDate("Mon, 12 Oct 2009 17:50:30 GMT"), 1_255_369_830_000);
  for (const text of ["", "Mon, 12 Okt 2009 17:50:30 GMT", "Mon, 32 Oct 2009 17:50:30 GMT", "2009-10-12T17:50:30Z"]) {
    assert.equal(parseHttpDate(text), undefined, text);
  }
});
