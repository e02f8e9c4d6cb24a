import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { closeSync, constants, ftruncateSync, mkdtempDisposableSync, openSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pageAligned } from "../../base/page-aligned.ts";
import { BLOCK_BYTES, DIRECT_MIN_BYTES, type FileHandles, openDirectly, writeContent, writeSparse } from "./content-write.ts";

interface Written {
  readonly bytes: Buffer;
  readonly diskBytes: number;
}

/** What is in a new file of `length` bytes after `write`. @param parent of the folder that it lies in */
function writtenBy(length: number, write: (file: FileHandles) => void, parent = tmpdir()): Written {
  using folder = mkdtempDisposableSync(join(parent, "holdfast-content-"));
  const path = join(folder.path, "file");
  const fd = openSync(path, "w");
  ftruncateSync(fd, length);
  const direct = openDirectly(fd);
  write({ fd, direct });
  for (const handle of [fd, direct]) if (handle !== undefined) closeSync(handle);
  return { bytes: readFileSync(path), diskBytes: statSync(path).blocks * 512 };
}

/** Random content in memory whose address is `shift` bytes behind a block's. */
function noiseAt(shift: number, length: number): Uint8Array {
  const content = pageAligned(BLOCK_BYTES + length).subarray(shift, shift + length);
  content.set(randomBytes(length));
  return content;
}

for (const [where, parent] of [
  ["on a disk", tmpdir()],
  ["in memory", "/dev/shm"],
] as const) {
  test(`writeContent() writes what reads back the same, wherever in a block file and memory begin, ${where}`, () => {
    for (const at of [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, 10_000]) {
      for (const shift of [at % BLOCK_BYTES, 16]) {
        for (const length of [0, 1, BLOCK_BYTES, DIRECT_MIN_BYTES, DIRECT_MIN_BYTES + BLOCK_BYTES + 7]) {
          const content = noiseAt(shift, length);
          const { bytes } = writtenBy(at + length, (file) => writeContent(file, content, at), parent);
          assert.ok(bytes.subarray(at).equals(content), `${length} bytes at ${at}, in memory at ${shift}`);
          assert.ok(bytes.subarray(0, at).equals(Buffer.alloc(at)));
        }
      }
    }
  });
}

test("writeContent() writes neighbours that share a block", () => {
  const length = 3 * DIRECT_MIN_BYTES;
  const content = randomBytes(length);
  const cut = DIRECT_MIN_BYTES + 1000;
  const { bytes } = writtenBy(length, (file) => {
    for (const [from, to] of [
      [cut, length],
      [0, cut],
    ] as const) {
      const piece = noiseAt(from % BLOCK_BYTES, to - from);
      piece.set(content.subarray(from, to));
      writeContent(file, piece, from);
    }
  });
  assert.ok(bytes.equals(content));
});

test("writeContent() writes whole blocks past the page cache, and what is before and behind them through it", () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "holdfast-content-"));
  const [cached, direct] = ["cached", "direct"].map((name) => join(folder.path, name)) as [string, string];
  const handles = { fd: openSync(cached, "w"), direct: openSync(direct, constants.O_WRONLY | constants.O_CREAT) };
  const content = noiseAt(BLOCK_BYTES - 10, DIRECT_MIN_BYTES + 30);
  writeContent(handles, content, BLOCK_BYTES - 10);
  closeSync(handles.fd);
  closeSync(handles.direct);
  const end = BLOCK_BYTES + DIRECT_MIN_BYTES;
  const [fromCached, fromDirect] = [readFileSync(cached), readFileSync(direct)];
  assert.equal(fromCached.length, end + 20);
  assert.ok(fromCached.subarray(BLOCK_BYTES - 10, BLOCK_BYTES).equals(content.subarray(0, 10)));
  assert.ok(fromCached.subarray(BLOCK_BYTES, end).equals(Buffer.alloc(DIRECT_MIN_BYTES)));
  assert.ok(fromCached.subarray(end).equals(content.subarray(-20)));
  assert.ok(fromDirect.subarray(BLOCK_BYTES).equals(content.subarray(10, -20)));
});

for (const at of [0, 1, 4095, 4096, 10_000]) {
  test(`writeSparse() writes what reads back the same when it begins at ${at}`, () => {
    const content = pageAligned(3 << 20);
    for (const [from, to] of [
      [0, 10],
      [8192, 8193],
      [20_000, 30_000],
      [99_000, 99_001],
      [200_000, 1_000_000],
    ] as const)
      content.fill(7, from, to);
    const { bytes } = writtenBy(at + content.length, (file) => writeSparse(file, content, at));
    assert.ok(bytes.subarray(at).equals(content));
    assert.ok(bytes.subarray(0, at).equals(Buffer.alloc(at)));
  });
}

test("writeSparse() takes no room on the disk for blocks of zeros", () => {
  const content = Buffer.alloc(1 << 20);
  content.fill(1, 500_000, 500_010);
  assert.ok(writtenBy(1 << 20, (file) => writeSparse(file, content, 0)).diskBytes <= 8192);
  assert.equal(writtenBy(2 << 20, (file) => writeSparse(file, Buffer.alloc(1 << 20), 4096)).diskBytes, 0);
});
