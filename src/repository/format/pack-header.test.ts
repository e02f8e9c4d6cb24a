import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, writeUint32LE } from "../../base/bytes.ts";
import { DomainError } from "../../base/errors.ts";
import { type HexId, parseHexId } from "../../base/ids.ts";
import { fc } from "../../base/testing/property.ts";
import { SEAL_OVERHEAD } from "./cipher.ts";
import { REPOSITORY_LIMITS } from "./limits.ts";
import {
  decodePackHeader,
  encodePackHeader,
  MAX_PACK_ENTRY_BYTES,
  PACK_TRAILER_BYTES,
  type PackEntry,
  readPackHeaderLength,
} from "./pack-header.ts";

const ID = parseHexId("0123456789abcdef".repeat(4));
const OTHER_ID = parseHexId("f".repeat(64));
const corrupt = { kind: "corrupt", code: "pack_header" };

/** The length of a pack with these blobs. */
function packBytes(entries: readonly PackEntry[]): number {
  const blobBytes = entries.reduce((bytes, { length }) => bytes + length, 0);
  return blobBytes + encodePackHeader(entries).length + SEAL_OVERHEAD + PACK_TRAILER_BYTES;
}

const ids = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes.toHex() as HexId);
const lengths = fc.integer({ min: 1, max: 1 << 20 });
const entryLists = fc.array(
  fc
    .record({ type: fc.constantFrom("data" as const, "tree" as const), id: ids, stored: lengths, uncompressed: fc.option(lengths) })
    .map(({ type, id, stored, uncompressed }): PackEntry => {
      const length = stored + SEAL_OVERHEAD;
      return uncompressed === null ? { type, id, length } : { type, id, length, uncompressedLength: uncompressed };
    }),
  { minLength: 1 },
);

function trailer(length: number): Uint8Array {
  const bytes = new Uint8Array(PACK_TRAILER_BYTES);
  writeUint32LE(bytes, 0, length);
  return bytes;
}

test("encodePackHeader() writes type, length, length before compression and id of each blob", () => {
  const header = encodePackHeader([
    { type: "data", id: ID, length: 0x01020304 },
    { type: "tree", id: OTHER_ID, length: 0x21 },
    { type: "data", id: ID, length: 0x22, uncompressedLength: 0x0a0b0c0d },
    { type: "tree", id: OTHER_ID, length: 0x23, uncompressedLength: 1 },
  ]);
  const plain = [`0004030201${ID}`, `0121000000${OTHER_ID}`];
  const compressed = [`02220000000d0c0b0a${ID}`, `032300000001000000${OTHER_ID}`];
  assert.equal(header.toHex(), [...plain, ...compressed].join(""));
});

test("encodePackHeader() refuses lengths that 32 bits do not hold", () => {
  assert.throws(() => encodePackHeader([{ type: "data", id: ID, length: 2 ** 32 }]), RangeError);
});

test("decodePackHeader() reads back what encodePackHeader() wrote, each blob where the one before it ends", () => {
  fc.assert(
    fc.property(entryLists, (entries) => {
      const placed = decodePackHeader(encodePackHeader(entries), packBytes(entries));
      assert.deepEqual(
        placed.map(({ offset: _offset, ...entry }) => entry),
        entries,
      );
      let end = 0;
      for (const { offset, length } of placed) {
        assert.equal(offset, end);
        end += length;
      }
    }),
  );
});

test("decodePackHeader() gives a blob that is listed twice twice", () => {
  const entries: PackEntry[] = [1, 2].map(() => ({ type: "data", id: ID, length: 100 }));
  const offsets = decodePackHeader(encodePackHeader(entries), packBytes(entries)).map(({ offset }) => offset);
  assert.deepEqual(offsets, [0, 100]);
});

test("decodePackHeader() refuses blobs that end behind the pack's blobs, by one byte too", () => {
  fc.assert(
    fc.property(entryLists, fc.nat({ max: 100 }), (entries, missing) => {
      assert.throws(() => decodePackHeader(encodePackHeader(entries), packBytes(entries) - 1 - missing), corrupt);
    }),
  );
  const many: PackEntry[] = Array.from({ length: 3 }, () => ({ type: "tree", id: ID, length: 2 ** 31 }));
  assert.throws(() => decodePackHeader(encodePackHeader(many), REPOSITORY_LIMITS.packBytes), corrupt);
});

test("decodePackHeader() refuses blobs without content, or longer than any may be", () => {
  const bad: PackEntry[] = [
    { type: "data", id: ID, length: SEAL_OVERHEAD },
    { type: "data", id: ID, length: 0 },
    { type: "tree", id: ID, length: 100, uncompressedLength: 0 },
    { type: "data", id: ID, length: 100, uncompressedLength: REPOSITORY_LIMITS.dataBlobBytes + 1 },
    { type: "tree", id: ID, length: 100, uncompressedLength: REPOSITORY_LIMITS.treeBlobBytes + 1 },
    { type: "data", id: ID, length: REPOSITORY_LIMITS.dataBlobBytes + SEAL_OVERHEAD + 1 },
  ];
  for (const entry of bad) {
    assert.throws(() => decodePackHeader(encodePackHeader([entry]), REPOSITORY_LIMITS.packBytes), corrupt, JSON.stringify(entry));
  }
});

test("decodePackHeader() refuses unknown types and entries that are cut short", () => {
  const header = encodePackHeader([
    { type: "data", id: ID, length: 100 },
    { type: "tree", id: ID, length: 100, uncompressedLength: 200 },
  ]);
  for (const type of [4, 255]) {
    const changed = header.slice();
    changed[0] = type;
    assert.throws(() => decodePackHeader(changed, 10_000), corrupt);
  }
  const borders = new Set([0, MAX_PACK_ENTRY_BYTES - 4, header.length]);
  for (let length = 0; length <= header.length; length++) {
    const decode = () => decodePackHeader(header.subarray(0, length), 10_000);
    if (borders.has(length)) decode();
    else assert.throws(decode, corrupt);
  }
});

test("decodePackHeader() reads any bytes within the pack, or refuses them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 2 ** 31 }), (junk, bytes) => {
      try {
        for (const { offset, length } of decodePackHeader(junk, bytes)) assert.ok(offset + length <= bytes);
      } catch (error) {
        assert.ok(error instanceof DomainError && error.code === "pack_header", String(error));
      }
    }),
  );
});

test("readPackHeaderLength() reads the last four bytes", () => {
  assert.equal(readPackHeaderLength(concatBytes([new Uint8Array(5).fill(255), trailer(100)]), 1_000), 100);
  assert.equal(readPackHeaderLength(trailer(REPOSITORY_LIMITS.packHeaderBytes), 2 ** 30), REPOSITORY_LIMITS.packHeaderBytes);
  assert.equal(readPackHeaderLength(trailer(996), 1_000), 996);
});

test("readPackHeaderLength() refuses lengths that no pack of that size has", () => {
  const { packHeaderBytes, packBytes: longest } = REPOSITORY_LIMITS;
  const bad = [
    [0, 1_000],
    [SEAL_OVERHEAD, 1_000],
    [SEAL_OVERHEAD + 36, 1_000],
    [997, 1_000],
    [packHeaderBytes + 1, 2 ** 30],
    [2 ** 32 - 1, longest],
    [100, longest + 1],
    [100, 3],
  ] as const;
  for (const [length, bytes] of bad) assert.throws(() => readPackHeaderLength(trailer(length), bytes), corrupt, `${length} of ${bytes}`);
  assert.throws(() => readPackHeaderLength(new Uint8Array(3), 1_000), corrupt);
});
