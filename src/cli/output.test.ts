import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { findingWriter, outputFormat, writeResult } from "./output.ts";
import { FakeTerminal } from "./testing/fake-terminal.ts";

test("outputFormat() is what the program's -o says, in a command of a command too", () => {
  const program = new Command("x").option("-o, --output <format>", "", "text");
  const verb = program
    .command("noun")
    .command("verb")
    .action(() => undefined);
  assert.equal(outputFormat(verb), "text");
  program.parse(["noun", "verb", "-o", "json"], { from: "user" });
  assert.equal(outputFormat(verb), "json");
});

test("writeResult() writes the text or the value, and no line of nothing", () => {
  const stdout = new FakeTerminal();
  writeResult({ stdout }, "text", { a: 1 }, () => "one\ntwo");
  writeResult({ stdout }, "json", { a: 1 }, () => "one\ntwo");
  writeResult({ stdout }, "text", [], () => "");
  assert.equal(stdout.take(), 'one\ntwo\n{"a":1}\n');
});

test("findingWriter() writes a line for each finding", () => {
  const lines: string[] = [];
  const finding = { grade: "partial", code: "unreadable", object: "/a", message: "Cannot read: no permission" } as const;
  findingWriter("text", (line) => lines.push(line))(finding);
  findingWriter("text", (line) => lines.push(line))({ ...finding, grade: "info", message: 'Left out "/a"' });
  findingWriter("json", (line) => lines.push(line))(finding);
  assert.deepEqual(lines, ["partial: /a: Cannot read: no permission", 'Left out "/a"', JSON.stringify({ finding })]);
});
