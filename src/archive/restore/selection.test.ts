import assert from "node:assert/strict";
import { test } from "node:test";
import { type ByteString, byteStringOf } from "../../base/byte-string.ts";
import { EVERYTHING } from "./options.ts";
import { compileSelection } from "./selection.ts";

const path = (text: string): ByteString => byteStringOf(text);
const patterns = (...texts: readonly string[]): ByteString[] => texts.map(byteStringOf);

test("compileSelection() takes everything when there are no patterns", () => {
  const { isAll, takes, mayTakeBelow } = compileSelection(EVERYTHING);
  assert.deepEqual([isAll, takes(path("/a")), mayTakeBelow(path("/a"))], [true, true, true]);
});

test("compileSelection() enters folders above what is included, and takes what lies below", () => {
  const { isAll, takes, mayTakeBelow } = compileSelection({ ...EVERYTHING, includes: patterns("/a/b") });
  assert.equal(isAll, false);
  assert.deepEqual([takes(path("/a")), mayTakeBelow(path("/a"))], [false, true]);
  assert.deepEqual([takes(path("/a/b")), takes(path("/a/b/c")), mayTakeBelow(path("/a/b/c"))], [true, true, true]);
  assert.deepEqual([takes(path("/x")), mayTakeBelow(path("/x"))], [false, false]);
});

test("compileSelection() leaves out what is excluded also below what is included", () => {
  const { takes, mayTakeBelow } = compileSelection({
    ...EVERYTHING,
    includesIgnoringCase: patterns("/DATA"),
    excludes: patterns("*.log"),
    excludesIgnoringCase: patterns("CACHE"),
  });
  assert.deepEqual([takes(path("/data/x")), takes(path("/data/x.log")), takes(path("/data/cache/y"))], [true, false, false]);
  assert.equal(mayTakeBelow(path("/data/cache")), false);
});
