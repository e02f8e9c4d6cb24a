import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { MoverLines, parseLine } from "./lines.ts";

test("a mover tells its progress once a second at most, and every finding", async () => {
  const clock = new FakeClock();
  const told: string[] = [];
  const lines = new MoverLines((line) => told.push(line), clock);
  const progress = { stage: "Backing up", doneBytes: 1, doneItems: 2 };
  const finding = { grade: "partial", code: "c", object: "o", message: "m" } as const;
  lines.progress(progress);
  lines.progress(progress);
  lines.report(finding);
  lines.report(finding);
  await clock.advance(1_000);
  lines.progress({ ...progress, doneBytes: 9 });
  assert.equal(lines.findings, 2);
  assert.ok(told.every((line) => line.endsWith("\n") && line.indexOf("\n") === line.length - 1));
  const read = told.map(parseLine);
  assert.deepEqual(
    read.map((line) => (line !== undefined && "progress" in line ? line.progress.doneBytes : line)),
    [1, { finding }, { finding }, 9],
  );
});

test("parseLine() passes over what is no line of a mover", () => {
  for (const text of [
    "",
    "(node:1) Warning",
    "{}",
    "[]",
    '{"progress":{"stage":"s"}}',
    '{"finding":{"grade":"worst","code":"c","object":"o","message":"m"}}',
  ]) {
    assert.equal(parseLine(text), undefined, text);
  }
});
