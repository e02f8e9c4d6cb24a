import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../../base/testing/property.ts";
import { goModeOf, nodeTypeOf, statModeOf } from "./node.ts";

test("goModeOf() and nodeTypeOf() give restic's numbers and words", () => {
  const rows = [
    [0o100644, 0o644, "file"],
    [0o106755, 0o755 + 2 ** 23 + 2 ** 22, "file"],
    [0o041777, 0o777 + 2 ** 31 + 2 ** 20, "dir"],
    [0o120777, 134_218_239, "symlink"],
    [0o060660, 67_109_296, "dev"],
    [0o020666, 69_206_454, "chardev"],
    [0o010644, 33_554_852, "fifo"],
    [0o140755, 16_777_709, "socket"],
    [0o000600, 0o600 + 2 ** 19, "irregular"],
  ] as const;
  for (const [statMode, goMode, type] of rows) {
    assert.equal(goModeOf(statMode), goMode, type);
    assert.equal(nodeTypeOf(statMode), type);
  }
});

test("statModeOf() is the way back for every mode of Linux", () => {
  const type = fc.constantFrom(0o100000, 0o040000, 0o120000, 0o060000, 0o020000, 0o010000, 0o140000);
  fc.assert(fc.property(type, fc.nat({ max: 0o7777 }), (bits, rest) => assert.equal(statModeOf(goModeOf(bits | rest)), bits | rest)));
});

test("statModeOf() gives no type for what Linux does not have", () => {
  assert.equal(statModeOf(2 ** 19 + 0o600), 0o600);
  assert.equal(statModeOf(2 ** 31 + 2 ** 27 + 0o600), 0o600);
});
