import assert from "node:assert/strict";
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { ByteString } from "../base/byte-string.ts";
import { fileCalls } from "../native/files.ts";
import { nextDataIn } from "./holes.ts";

const BLOCK = 1 << 16;
const folder = mkdtempSync(join(tmpdir(), "holdfast-test-"));
after(() => rmSync(folder, { recursive: true }));

function holesOf(fd: number, to: number): ReturnType<typeof nextDataIn> {
  return nextDataIn(fd, fileCalls().statIn(fd, "" as ByteString), to);
}

test("nextDataIn() gives where data begins, and the end where only a hole follows", () => {
  const fd = openSync(join(folder, "sparse"), "w+");
  ftruncateSync(fd, 10 * BLOCK);
  for (const at of [2, 3, 6]) writeSync(fd, Buffer.alloc(BLOCK, 1), 0, BLOCK, at * BLOCK);
  const next = holesOf(fd, 10 * BLOCK) ?? assert.fail("no holes");
  const offsets = [0, 1, 2 * BLOCK, 2 * BLOCK + 5, 3 * BLOCK, 4 * BLOCK, 6 * BLOCK, 7 * BLOCK, 10 * BLOCK];
  const expected = [2 * BLOCK, 2 * BLOCK, 2 * BLOCK, 2 * BLOCK + 5, 3 * BLOCK, 6 * BLOCK, 6 * BLOCK, 10 * BLOCK, 10 * BLOCK];
  assert.deepEqual(offsets.map(next), expected);
  const part = holesOf(fd, 5 * BLOCK) ?? assert.fail("no holes");
  assert.ok(part(4 * BLOCK) >= 5 * BLOCK);
  closeSync(fd);
});

test("nextDataIn() gives nothing for a file without holes", () => {
  const fd = openSync(join(folder, "full"), "w+");
  writeSync(fd, Buffer.alloc(3 * BLOCK, 1));
  assert.equal(holesOf(fd, 3 * BLOCK), undefined);
  closeSync(fd);
});
