import assert from "node:assert/strict";
import { createHash, randomFillSync } from "node:crypto";
import { test } from "node:test";
import { randomHexId, type HexId } from "../../base/ids.ts";
import { Cipher, type MasterKey } from "../format/cipher.ts";
import { packFileBody } from "../format/file-body.ts";
import type { BlobIndex } from "./blob-index.ts";
import { encodeIndexFile, type IndexedPack } from "./index-file.ts";
import { loadIndex, type SealedIndexFile } from "./load-index.ts";

const masterKey: MasterKey = {
  encryption: randomFillSync(new Uint8Array(32)),
  macK: randomFillSync(new Uint8Array(16)),
  macR: randomFillSync(new Uint8Array(16)),
};
const cipher = new Cipher(masterKey);
/** Sealed without compression, files of this size together are more than the calling thread reads by itself. */
const PACKS_PER_FILE = 50;
const BLOBS_PER_PACK = 100;

function makePacks(): IndexedPack[] {
  return Array.from({ length: PACKS_PER_FILE }, () => ({
    id: randomHexId(),
    blobs: Array.from({ length: BLOBS_PER_PACK }, (_, blob) => ({
      id: randomHexId(),
      type: blob % 7 === 0 ? "tree" : "data",
      offset: blob * 1_000,
      length: 1_000,
      uncompressedLength: 2_000 + blob,
    })),
  }));
}

function sealFile(packs: readonly IndexedPack[], version: 1 | 2): SealedIndexFile {
  return fileOf(cipher.seal(packFileBody(encodeIndexFile(packs), version)));
}

function fileOf(sealed: Uint8Array): SealedIndexFile {
  return { id: createHash("sha256").update(sealed).digest("hex") as HexId, sealed };
}

/** What the caller keeps of a file is gone once it is handed over, so each load gets files of its own. */
async function* copies(files: readonly SealedIndexFile[]): AsyncGenerator<SealedIndexFile, void, undefined> {
  for (const { id, sealed } of files) yield { id, sealed: sealed.slice() };
}

function assertHolds(index: BlobIndex, packs: readonly IndexedPack[]): void {
  for (const pack of packs) {
    for (const blob of pack.blobs) {
      const entry = index.findHex(blob.type, blob.id);
      assert.equal(index.packId(index.packOf(entry)), pack.id);
      const found = [index.offsetOf(entry), index.lengthOf(entry), index.uncompressedLengthOf(entry)];
      assert.deepEqual(found, [blob.offset, blob.length, blob.uncompressedLength]);
    }
  }
}

test("loadIndex() reads large indexes with threads and small ones without, of both versions", async () => {
  for (const [fileCount, version] of [
    [8, 1],
    [2, 2],
    [0, 2],
  ] as const) {
    const contents = Array.from({ length: fileCount }, makePacks);
    const files = contents.map((packs) => sealFile(packs, version));
    const { index, damaged } = await loadIndex(copies(files), { masterKey, expectedBlobs: 0, threads: 2 });
    assert.deepEqual(damaged, []);
    assertHolds(index, contents.flat());
    assert.equal(index.size, fileCount * PACKS_PER_FILE * BLOBS_PER_PACK);
    assert.equal(index.packCount, fileCount * PACKS_PER_FILE);
  }
});

test("loadIndex() counts a place once that several files name", async () => {
  const packs = makePacks();
  const files = [sealFile(packs, 2), sealFile(packs, 2)];
  const { index } = await loadIndex(copies(files), { masterKey, expectedBlobs: 0, threads: 1 });
  assert.equal(index.size, PACKS_PER_FILE * BLOBS_PER_PACK);
});

test("loadIndex() names damaged files and reads all others, on its own thread and on others", async () => {
  const contents = Array.from({ length: 8 }, makePacks);
  const good = contents.map((packs) => sealFile(packs, 1));
  const flipped = sealFile(makePacks(), 1);
  flipped.sealed[1_000] = (flipped.sealed[1_000] ?? 0) ^ 1;
  const bad = [
    { file: flipped, code: "unauthentic" },
    { file: fileOf(new Uint8Array(3)), code: "unauthentic" },
    { file: fileOf(cipher.seal(Buffer.from('{"packs":[{]}'))), code: "index_file" },
    { file: fileOf(cipher.seal(Buffer.from("[]"))), code: "index_file_format" },
    { file: fileOf(cipher.seal(Uint8Array.of(2, 1, 2, 3))), code: "zstd" },
  ];
  const badFiles = bad.map(({ file }) => file);
  for (const files of [
    [...badFiles, ...good],
    [...good, ...badFiles],
  ]) {
    const { index, damaged } = await loadIndex(copies(files), { masterKey, expectedBlobs: 0, threads: 2 });
    const found = damaged.map(({ id, error }) => `${id} ${error.code}`);
    assert.deepEqual(found.toSorted(), bad.map(({ file, code }) => `${file.id} ${code}`).toSorted());
    assertHolds(index, contents.flat());
    assert.equal(index.size, good.length * PACKS_PER_FILE * BLOBS_PER_PACK);
  }
});

test("loadIndex() throws what its source throws", async () => {
  const cause = new Error("lost");
  async function* failing(): AsyncGenerator<SealedIndexFile, void, undefined> {
    yield sealFile(makePacks(), 1);
    throw cause;
  }
  await assert.rejects(loadIndex(failing(), { masterKey, expectedBlobs: 0, threads: 1 }), cause);
});

test("loadIndex() stops when its signal is aborted, also while threads read", async () => {
  const files = Array.from({ length: 8 }, () => sealFile(makePacks(), 1));
  const abort = new AbortController();
  const reason = new Error("enough");
  async function* endless(): AsyncGenerator<SealedIndexFile, void, undefined> {
    for (let taken = 0; ; taken++) {
      if (taken === files.length - 1) abort.abort(reason);
      yield* copies(files.slice(0, 1));
    }
  }
  await assert.rejects(loadIndex(endless(), { masterKey, expectedBlobs: 0, threads: 2, signal: abort.signal }), reason);
});

test("loadIndex() hands over memory that is part of a larger buffer without taking the rest", async () => {
  const contents = Array.from({ length: 4 }, makePacks);
  const sealed = contents.map((packs) => sealFile(packs, 1).sealed);
  const whole = Buffer.concat(sealed);
  async function* parts(): AsyncGenerator<SealedIndexFile, void, undefined> {
    let at = 0;
    for (const { length } of sealed) {
      yield { id: randomHexId(), sealed: whole.subarray(at, at + length) };
      at += length;
    }
  }
  const { index, damaged } = await loadIndex(parts(), { masterKey, expectedBlobs: 0, threads: 1 });
  assert.deepEqual(damaged, []);
  assertHolds(index, contents.flat());
  assert.notEqual(whole.length, 0);
});
