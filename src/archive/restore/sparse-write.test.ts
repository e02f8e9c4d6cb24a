import assert from "node:assert/strict";
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { writeSparse } from "./sparse-write.ts";

function write(t: TestContext, content: Uint8Array, at: number): { readonly bytes: Buffer; readonly diskBytes: number } {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-sparse-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "file");
  const fd = openSync(path, "w");
  writeSparse(fd, content, at);
  ftruncateSync(fd, at + content.length);
  closeSync(fd);
  return { bytes: readFileSync(path), diskBytes: statSync(path).blocks * 512 };
}

for (const at of [0, 1, 4095, 4096, 10_000]) {
  test(`writeSparse() writes what reads back the same when it begins at ${at}`, (t) => {
    const content = Buffer.alloc(100_000);
    for (const [from, to] of [
      [0, 10],
      [8192, 8193],
      [20_000, 30_000],
      [99_000, 99_001],
    ] as const)
      content.fill(7, from, to);
    const { bytes } = write(t, content, at);
    assert.ok(bytes.subarray(at).equals(content));
    assert.ok(bytes.subarray(0, at).equals(Buffer.alloc(at)));
  });
}

test("writeSparse() takes no room on the disk for blocks of zeros", (t) => {
  const content = Buffer.alloc(1 << 20);
  content.fill(1, 500_000, 500_010);
  assert.ok(write(t, content, 0).diskBytes <= 8192);
  assert.equal(write(t, Buffer.alloc(1 << 20), 4096).diskBytes, 0);
});
