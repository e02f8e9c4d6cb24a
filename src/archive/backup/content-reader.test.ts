import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fc } from "../../base/testing/property.ts";
import { fileCalls } from "../../native/files.ts";
import { BlobPacker } from "../../repository/blob-packer.ts";
import { type Chunker, openChunker } from "../../repository/chunker/chunker.ts";
import { BlobIndex } from "../../repository/index/blob-index.ts";
import { BlobSet } from "../../repository/index/blob-set.ts";
import { PackCollector, TEST_SETTINGS } from "../../repository/testing/pack-collector.ts";
import { nextDataIn } from "../holes.ts";
import { CHUNKER_BUFFER_BYTES, type ContentRange, ContentReader } from "./content-reader.ts";

const SEED = "5a".repeat(32);
const MAX = 65_536;
const SPEC = { kind: "gear", version: 1, min: 4_096, mean: 16_384, max: MAX, forcedCut: 2 ** 28, seed: SEED } as const;

const folder = mkdtempSync(join(tmpdir(), "holdfast-test-"));
after(() => rmSync(folder, { recursive: true }));

/** A part of a file; a hole has no bytes. */
interface Part {
  readonly bytes: number;
  readonly fill: "noise" | "zeros" | "hole";
}

function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0, state = seed + 1; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

/** What the parts hold, also written to a new file. */
function makeFile(parts: readonly Part[]): { readonly fd: number; readonly content: Buffer } & Disposable {
  const path = join(folder, "file");
  const fd = openSync(path, "w+");
  const contents = parts.map(({ bytes, fill }, at) => (fill === "noise" ? noise(bytes, at) : Buffer.alloc(bytes)));
  let from = 0;
  for (const [at, content] of contents.entries()) {
    if (parts[at]?.fill !== "hole") writeSync(fd, content, 0, content.length, from);
    from += content.length;
  }
  ftruncateSync(fd, from);
  return { fd, content: Buffer.concat(contents), [Symbol.dispose]: () => closeSync(fd) };
}

function readerWith(chunker: Chunker) {
  const sink = new PackCollector();
  const packer = new BlobPacker("data", TEST_SETTINGS, BlobIndex.create({ expectedBlobs: 1 }), BlobSet.create(), sink);
  let counted = 0;
  const reader = new ContentReader(chunker, packer, (bytes) => (counted += bytes));
  return {
    read: (fd: number, range: ContentRange) => {
      const { ids, bytes } = reader.read(fd, range);
      return { ids: idsIn(ids), bytes };
    },
    counted: () => counted,
    stored: () => {
      packer.flush();
      return sink.contents();
    },
  };
}

function idsIn(ids: Uint8Array): string[] {
  return Array.from({ length: ids.length / 32 }, (_, at) => ids.subarray(32 * at, 32 * at + 32).toHex());
}

/** By the chunker alone, all in memory. */
function idsOf(content: Uint8Array): string[] {
  const chunker = openChunker(SPEC, content.length + 1);
  chunker.buffer.set(content);
  const ids: string[] = [];
  for (let from = 0; from < content.length;) {
    const length = chunker.next(from, content.length, true);
    ids.push(
      createHash("sha256")
        .update(content.subarray(from, from + length))
        .digest("hex"),
    );
    from += length;
  }
  return ids;
}

const part = fc.record({
  bytes: fc.oneof(fc.integer({ min: 0, max: 300_000 }), fc.constantFrom(4_095, 4_096, 65_536, 131_072, 1 << 20)),
  fill: fc.constantFrom("noise" as const, "zeros" as const, "hole" as const),
});

test("read() cuts a file with holes as the chunker cuts its content, wherever data begins and ends", () => {
  const chunker = openChunker(SPEC, 1 << 21);
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      using file = makeFile(parts);
      const { content } = file;
      const reader = readerWith(chunker);
      const stat = fileCalls().statIn(file.fd, "" as never);
      const expected = { ids: idsOf(content), bytes: content.length };
      const range = { from: 0, to: content.length };
      assert.deepEqual(reader.read(file.fd, { ...range, nextData: nextDataIn(file.fd, stat, content.length) }), expected);
      assert.equal(reader.counted(), content.length);
      assert.deepEqual(reader.read(file.fd, range), expected, "read as if it had no holes");
      const stored = reader.stored();
      assert.ok(Buffer.concat(expected.ids.map((id) => stored.get(id) ?? assert.fail())).equals(content));
    }),
    { numRuns: 40 },
  );
});

test("read() takes for zeros only what is, where holes and zeros and a little data lie close together", () => {
  const chunker = openChunker(SPEC, 1 << 21);
  for (let blocks = 0; blocks < 16; blocks += 3) {
    using file = makeFile([
      { bytes: 50_000, fill: "noise" },
      { bytes: 200_000, fill: "zeros" },
      { bytes: (1 << 21) + 4_096 * blocks, fill: "hole" },
      { bytes: 100, fill: "noise" },
      { bytes: 1_500_000, fill: "zeros" },
      { bytes: 1, fill: "noise" },
    ]);
    const { fd, content } = file;
    const nextData = nextDataIn(fd, fileCalls().statIn(fd, "" as never), content.length);
    const expected = { ids: idsOf(content), bytes: content.length };
    assert.deepEqual(readerWith(chunker).read(fd, { from: 0, to: content.length, nextData }), expected);
    assert.deepEqual(readerWith(chunker).read(fd, { from: 0, to: content.length }), expected);
  }
});

test("read() of zeros asks the chunker once what they are cut into, and stores one blob of them", () => {
  const chunker = openChunker(SPEC, 1 << 21);
  let asked = 0;
  const counting: Chunker = {
    buffer: chunker.buffer,
    minBytes: chunker.minBytes,
    maxBytes: chunker.maxBytes,
    next: (from, to, last) => {
      if (to - from >= chunker.minBytes) asked++;
      return chunker.next(from, to, last);
    },
  };
  using file = makeFile([{ bytes: 100 * MAX, fill: "zeros" }]);
  const reader = readerWith(counting);
  assert.deepEqual(reader.read(file.fd, { from: 0, to: file.content.length }), { ids: idsOf(file.content), bytes: file.content.length });
  assert.equal(asked, 1);
  assert.equal(reader.stored().size, 1);
});

test("read() stores no blob of zeros that no file has", () => {
  using file = makeFile([
    { bytes: 5_000, fill: "zeros" },
    { bytes: 2_000, fill: "noise" },
  ]);
  const reader = readerWith(openChunker(SPEC, 1 << 21));
  const { ids } = reader.read(file.fd, { from: 0, to: 7_000 });
  // Packs are filled at random.
  assert.deepEqual(new Set(reader.stored().keys()), new Set(ids));
});

test("read() of parts of a file gives what a file of each part would", () => {
  const chunker = openChunker(SPEC, 1 << 21);
  using file = makeFile([
    { bytes: 700_001, fill: "noise" },
    { bytes: 500_000, fill: "hole" },
    { bytes: 300_000, fill: "noise" },
  ]);
  const reader = readerWith(chunker);
  const stat = fileCalls().statIn(file.fd, "" as never);
  for (const [from, to] of [
    [0, 65_536],
    [65_536, 1_000_000],
    [1_000_000, 1_100_000],
    [1_100_000, 1_500_001],
  ] as const) {
    const found = reader.read(file.fd, { from, to, nextData: nextDataIn(file.fd, stat, to) });
    assert.deepEqual(found, { ids: idsOf(file.content.subarray(from, to)), bytes: to - from });
  }
  assert.deepEqual(reader.read(file.fd, { from: 5, to: 5 }), { ids: [], bytes: 0 });
});

test("read() ends where the file does, if it became shorter", () => {
  using file = makeFile([{ bytes: 100_000, fill: "noise" }]);
  const reader = readerWith(openChunker(SPEC, 1 << 21));
  assert.deepEqual(reader.read(file.fd, { from: 0, to: 200_000 }), { ids: idsOf(file.content), bytes: 100_000 });
  assert.deepEqual(reader.read(file.fd, { from: 150_000, to: 200_000 }), { ids: [], bytes: 0 });
});

test("read() goes on in what cannot be sought, part by part", () => {
  const path = join(folder, "fifo");
  fileCalls().makeNode(path as never, 0o010600, 0n);
  const fd = openSync(path, "r+");
  const content = noise(60_000, 9);
  writeSync(fd, content);
  const reader = readerWith(openChunker(SPEC, 1 << 21));
  for (const [from, to] of [
    [0, 20_000],
    [20_000, 60_000],
  ] as const) {
    assert.deepEqual(reader.read(fd, { from: undefined, to: to - from }), { ids: idsOf(content.subarray(from, to)), bytes: to - from });
  }
  closeSync(fd);
});

test("read() can do with a buffer that holds no more than the longest chunk", () => {
  using file = makeFile([{ bytes: 1_000_000, fill: "noise" }]);
  const reader = readerWith(openChunker(SPEC, MAX));
  assert.deepEqual(reader.read(file.fd, { from: 0, to: 1_000_000 }), { ids: idsOf(file.content), bytes: 1_000_000 });
  assert.ok(CHUNKER_BUFFER_BYTES > MAX);
});
