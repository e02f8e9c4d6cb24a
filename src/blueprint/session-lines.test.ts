import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandWords } from "./command-words.ts";
import { SessionLines } from "./session-lines.ts";

async function isFrozen(lines: SessionLines): Promise<boolean> {
  return Promise.race([lines.frozen.then(() => true), Promise.resolve().then(() => Promise.resolve(false))]);
}

test("A session is frozen when a line of its own says so, however it is cut", async () => {
  const lines = new SessionLines();
  for (const text of ["holdfast: frozen", " not\nx holdfast: frozen\nholdfast: fro", "zen", "\r"]) lines.take(Buffer.from(text));
  assert.equal(await isFrozen(lines), false);
  lines.take(Buffer.from("\nholdfast: thawed 12"));
  assert.equal(await isFrozen(lines), true);
  assert.equal(lines.thawedMs, undefined);
  lines.take(Buffer.from("34\nholdfast: thawed soon\nholdfast: thawed 99999999999\n"));
  assert.equal(lines.thawedMs, 1234);
});

test("A flood is thrown away as it comes", async () => {
  const lines = new SessionLines();
  const flood = Buffer.alloc(1024 ** 2, "x");
  for (let at = 0; at < 20; at++) lines.take(flood);
  lines.take(Buffer.from("\nholdfast: frozen\n"));
  assert.equal(await isFrozen(lines), true);
});

test("Of what a command says, the end is kept, without passwords and what steers a terminal", () => {
  const words = (text: string): string => {
    const kept = new CommandWords();
    kept.add(Buffer.from(text));
    return kept.text;
  };
  assert.equal(words("a\nb\n\n c \nd\n"), "b; c; d");
  assert.equal(words("x".repeat(10_000)).length, 501);
  assert.ok(!words("\u001b[31mred").includes("\u001b"));
  for (const secret of [
    "mysql://boss:hunter2@db/x failed",
    "PGPASSWORD=hunter2 is wrong",
    "password: 'hunter2'",
    "--password hunter2 is deprecated",
    "near ALTER USER x IDENTIFIED BY 'hunter2'",
    "ALTER ROLE a PASSWORD 'hunter2'",
  ]) {
    assert.doesNotMatch(words(secret), /hunter2/, secret);
    assert.match(words(secret), /…/, secret);
  }
  assert.equal(words("password authentication failed for user boss"), "password authentication failed for user boss");
});
