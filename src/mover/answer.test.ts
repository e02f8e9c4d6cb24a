import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "../base/errors.ts";
import type { HexId } from "../base/ids.ts";
import { encodeAnswer, MAX_ANSWER_BYTES, moverError, parseAnswer } from "./answer.ts";

const TREE = "ab".repeat(32) as HexId;

test("an answer comes back as it was given", () => {
  const success = { tree: TREE, root: '{"name":"volume"}', files: 3, bytes: 4, storedBytes: 5, tookMs: 5, findings: 6 };
  assert.deepEqual(parseAnswer(encodeAnswer(success)), success);
  const told = new DomainError("conflict", "volume_not_empty", "Cannot fill it", { hint: "Empty it", details: { not: "told" } });
  const error = parseAnswer(encodeAnswer({ error: moverError(told) }));
  assert.ok(error instanceof DomainError);
  assert.deepEqual([error.kind, error.code, error.message, error.hint], ["conflict", "volume_not_empty", "Cannot fill it", "Empty it"]);
});

test("encodeAnswer() cuts words so that what Kubernetes keeps is still an answer", () => {
  for (const letter of ["x", "ü", "👩", "\n", "\u0001"]) {
    const text = encodeAnswer({
      error: { kind: "internal", code: "internal", message: letter.repeat(10_000), hint: letter.repeat(10_000) },
    });
    assert.ok(Buffer.byteLength(text) <= MAX_ANSWER_BYTES);
    const error = parseAnswer(text);
    assert.ok(error instanceof DomainError);
    assert.equal(error.code, "internal");
  }
  assert.throws(() => encodeAnswer({ root: "x".repeat(5_000), files: 0, bytes: 0, storedBytes: 0, tookMs: 5, findings: 0 }), RangeError);
});

test("parseAnswer() takes nothing for an answer that is none", () => {
  const counts = { files: 0, bytes: 0, storedBytes: 0, tookMs: 5, findings: 0 };
  for (const value of [{}, [], 1, null, { ...counts, files: -1 }, { ...counts, bytes: "1" }, { ...counts, tree: "abc" }, { error: "x" }]) {
    assert.equal(parseAnswer(JSON.stringify(value)), undefined, JSON.stringify(value));
  }
  assert.equal(parseAnswer("Killed"), undefined);
  assert.equal(parseAnswer(""), undefined);
});

test("parseAnswer() takes an error of a kind that is not known for a bug", () => {
  const error = parseAnswer('{"error":{"kind":"constructor","code":"c","message":"a\\u001b[31m\\nb"}}');
  assert.ok(error instanceof DomainError);
  assert.deepEqual([error.kind, error.message], ["internal", "a [31m b"]);
});
