import assert from "node:assert/strict";
import { closeSync, fstatSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fc } from "../../base/testing/property.ts";
import { writeBlob } from "./write-blob.ts";

const KIB = 1024;
const DISK_BYTES = 4 << 20;
/** Of st_blocks. */
const STAT_BLOCK_BYTES = 512;

const folder = mkdtempSync(join(tmpdir(), "holdfast-test-"));
after(() => rmSync(folder, { recursive: true }));

/** @param fill 0: with holes */
function withDisk(fill: number, work: (fd: number) => void): { readonly content: Buffer; readonly takenBytes: number } {
  const path = join(folder, "disk");
  const fd = openSync(path, "w+");
  try {
    ftruncateSync(fd, DISK_BYTES);
    if (fill !== 0) writeSync(fd, Buffer.alloc(DISK_BYTES, fill), 0, DISK_BYTES, 0);
    work(fd);
    return { content: readFileSync(path), takenBytes: fstatSync(fd).blocks * STAT_BLOCK_BYTES };
  } finally {
    closeSync(fd);
  }
}

const run = fc.record({ bytes: fc.oneof(fc.integer({ min: 1, max: 9_000 }), fc.integer({ min: 1, max: 200_000 })), isZero: fc.boolean() });

test("writeBlob() makes the disk read as the blob at all its places, and as before elsewhere", () => {
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 8 }), fc.nat(10_000), fc.boolean(), (runs, place, isBlank) => {
      const blob = Buffer.concat(runs.map(({ bytes, isZero }) => Buffer.alloc(bytes, isZero ? 0 : 7)));
      const places = [place, place + blob.length, DISK_BYTES - blob.length];
      const { content } = withDisk(isBlank ? 0 : 9, (fd) => writeBlob(fd, blob, places, isBlank));
      const expected = Buffer.alloc(DISK_BYTES, isBlank ? 0 : 9);
      for (const at of places) blob.copy(expected, at);
      assert.ok(content.equals(expected));
    }),
    { numRuns: 25 },
  );
});

test("writeBlob() takes no room for zeros, on a blank disk and on one that reads as zeros already", () => {
  const data = Buffer.alloc(8 * KIB, 1);
  const blobs = [Buffer.alloc(1 << 20), Buffer.concat([data, Buffer.alloc(300 * KIB), data, Buffer.alloc(300 * KIB)])];
  for (const isBlank of [true, false]) {
    const { takenBytes } = withDisk(0, (fd) => {
      for (const [at, blob] of blobs.entries()) writeBlob(fd, blob, [at << 20], isBlank);
    });
    assert.equal(takenBytes, 2 * data.length);
  }
});

test("writeBlob() fails if the disk ends before the blob does", () => {
  assert.throws(() => withDisk(0, (fd) => writeBlob(fd, Buffer.alloc(100), [DISK_BYTES - 50], false)), { code: "EIO" });
});
