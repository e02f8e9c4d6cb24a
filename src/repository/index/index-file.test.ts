import assert from "node:assert/strict";
import { test } from "node:test";
import type { HexId } from "../../base/ids.ts";
import { fc } from "../../base/testing/property.ts";
import { encodeIndexFile, scanIndexFile, type IndexedBlob, type IndexedPack } from "./index-file.ts";

interface MutablePack {
  readonly id: HexId;
  readonly blobs: IndexedBlob[];
}

function scan(json: Uint8Array | string): readonly IndexedPack[] {
  const packs: MutablePack[] = [];
  scanIndexFile(Buffer.from(json), {
    pack: (id) => packs.push({ id: id.toHex() as HexId, blobs: [] }),
    blob: (type, id, offset, length, uncompressedLength) => {
      const blob = { id: id.toHex() as HexId, type, offset, length };
      packs.at(-1)?.blobs.push(uncompressedLength === 0 ? blob : { ...blob, uncompressedLength });
    },
  });
  return packs;
}

const hexIds = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes.toHex() as HexId);
const blobs: fc.Arbitrary<IndexedBlob> = fc.record(
  {
    id: hexIds,
    type: fc.constantFrom("data" as const, "tree" as const),
    offset: fc.integer({ min: 0, max: 0xf000_0000 }),
    length: fc.integer({ min: 33, max: 100_000_000 }),
    uncompressedLength: fc.integer({ min: 1, max: 100_000_000 }),
  },
  { requiredKeys: ["id", "type", "offset", "length"], noNullPrototype: true },
);
const packs: fc.Arbitrary<readonly IndexedPack[]> = fc.array(
  fc.record({ id: hexIds, blobs: fc.array(blobs, { maxLength: 5 }) }, { noNullPrototype: true }),
  {
    maxLength: 5,
  },
);

const A = "aa".repeat(32) as HexId;
const B = "bb".repeat(32) as HexId;

test("scanIndexFile() gives back what encodeIndexFile() was given", () => {
  fc.assert(fc.property(packs, (given) => assert.deepEqual(scan(encodeIndexFile(given)), given)));
});

test("scanIndexFile() reads fields in any order, any white space, and passes over fields it does not know", () => {
  fc.assert(
    fc.property(packs, fc.infiniteStream(fc.nat()), fc.constantFrom("", "\t", " \r\n"), fc.json(), (given, orders, indent, unknown) => {
      const shuffled = (fields: Readonly<Record<string, unknown>>): unknown => {
        const keyed: readonly (readonly [string, unknown])[] = [...Object.entries(fields), ["supersedes", JSON.parse(unknown)]];
        const order = keyed.map((field) => ({ field, rank: orders.next().value as number })).toSorted((a, b) => a.rank - b.rank);
        return Object.fromEntries(order.map(({ field }) => field));
      };
      const json = shuffled({
        packs: given.map(({ id, blobs: inPack }) =>
          shuffled({
            id,
            blobs: inPack.map(({ uncompressedLength, ...blob }) => shuffled({ ...blob, uncompressed_length: uncompressedLength ?? 0 })),
          }),
        ),
      });
      assert.deepEqual(scan(JSON.stringify(json, undefined, indent)), given);
    }),
  );
});

test("encodeIndexFile() writes what restic writes", () => {
  const compressed = { id: A, type: "data", offset: 0, length: 50, uncompressedLength: 100 } as const;
  const stored = { id: B, type: "tree", offset: 50, length: 60, uncompressedLength: 0 } as const;
  assert.equal(
    Buffer.from(encodeIndexFile([{ id: B, blobs: [compressed, stored] }])).toString(),
    `{"packs":[{"id":"${B}","blobs":[{"id":"${A}","type":"data","offset":0,"length":50,"uncompressed_length":100},` +
      `{"id":"${B}","type":"tree","offset":50,"length":60}]}]}\n`,
  );
  assert.equal(Buffer.from(encodeIndexFile([])).toString(), '{"packs":[]}\n');
});

test("scanIndexFile() takes null for a list without items, as Go writes it", () => {
  assert.deepEqual(scan('{"supersedes":null,"packs":null}'), []);
  assert.deepEqual(scan(`{"packs":[{"blobs":null,"id":"${A}"}]}`), [{ id: A, blobs: [] }]);
});

test("scanIndexFile() takes white space wherever JSON allows it", () => {
  const json = encodeIndexFile([{ id: A, blobs: [{ id: B, type: "data", offset: 1, length: 50, uncompressedLength: 60 }] }]);
  const spaced = Buffer.from(json)
    .toString()
    .replaceAll(/[{}[\],:]/g, "\n $& \t\r");
  assert.deepEqual(scan(spaced), scan(json));
});

test("scanIndexFile() names the place where a file is cut or has one byte of its structure changed", () => {
  const json = Buffer.from(encodeIndexFile([{ id: A, blobs: [{ id: B, type: "data", offset: 1, length: 50 }] }])).subarray(0, -1);
  for (let length = 0; length < json.length; length++) {
    assert.throws(() => scan(json.subarray(0, length)), { kind: "corrupt", code: "index_file" });
  }
  for (let at = 0; at < json.length; at++) {
    const changed = Buffer.from(json);
    changed[at] = 0x01;
    assert.throws(
      () => scan(changed),
      (error: { code?: unknown; details?: { at?: unknown } }) => error.code === "index_file" && Number(error.details?.at) <= json.length,
    );
  }
});

test("scanIndexFile() never fails in another way than with a place, whatever the bytes", () => {
  const seed = encodeIndexFile([{ id: A, blobs: [{ id: B, type: "data", offset: 1, length: 50 }] }]);
  fc.assert(
    fc.property(fc.nat(seed.length - 1), fc.uint8Array({ maxLength: 3 }), (at, bytes) => {
      const changed = new Uint8Array(seed);
      changed.set(bytes.subarray(0, seed.length - at), at);
      try {
        scan(changed);
      } catch (error) {
        assert.match(String((error as { code?: unknown }).code), /^index_file/);
      }
    }),
  );
});

test("scanIndexFile() refuses what does not fit in a pack, and fields that are missing, twice or of the wrong form", () => {
  const blob = { id: B, type: "data", offset: 0, length: 50 };
  const withBlob = (fields: object): string => JSON.stringify({ packs: [{ id: A, blobs: [{ ...blob, ...fields }] }] });
  assert.equal(scan(withBlob({})).length, 1);
  const cases: Readonly<Record<string, string>> = {
    "packs missing": "{}",
    "packs twice": '{"packs":[],"packs":[]}',
    "pack without id": '{"packs":[{"blobs":[]}]}',
    "id of a pack twice": `{"packs":[{"id":"${A}","id":"${A}"}]}`,
    "blobs twice": `{"packs":[{"id":"${A}","blobs":[],"blobs":[]}]}`,
    "end above 32 bits": withBlob({ offset: 0xffff_ffff }),
    "offset above 32 bits": withBlob({ offset: 2 ** 32 }),
    "negative offset": withBlob({ offset: -1 }),
    fraction: withBlob({ offset: 1.5 }),
    "shorter than its seal": withBlob({ length: 31 }),
    "too long unpacked": withBlob({ uncompressed_length: 0xffff_ffff }),
    "length missing": withBlob({ length: undefined }),
    "unknown type": withBlob({ type: "index" }),
    "short id": withBlob({ id: B.slice(1) }),
    "upper-case id": withBlob({ id: B.toUpperCase() }),
    "id a number": withBlob({ id: 1 }),
    "id twice": withBlob({}).replace('"type"', `"id":"${B}","type"`),
    "something behind": `${withBlob({})}{}`,
    "a text": '"packs"',
  };
  for (const [name, json] of Object.entries(cases)) assert.throws(() => scan(json), { kind: "corrupt", code: "index_file" }, name);
});

test("scanIndexFile() says that the form of restic before 0.2 is not supported", () => {
  assert.throws(() => scan(`[{"id":"${A}","blobs":[]}]`), { kind: "unsupported", code: "index_file_format" });
});
