import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../base/testing/property.ts";
import { BlobDecoder } from "../blob-decoder.ts";
import { BlobPacker, type PackerSettings, type PackSink } from "../blob-packer.ts";
import { randomMasterKey } from "../format/key-file.ts";
import { BlobIndex } from "../index/blob-index.ts";
import { BlobSet } from "../index/blob-set.ts";
import type { FinishedPack, PackedBlob } from "../pack-buffer.ts";
import { countPacks } from "./count-packs.ts";
import type { PackFate } from "./decide.ts";
import { EntrySet, entryLimit, packLimit } from "../index/entry-set.ts";
import { addPack } from "./index-files.ts";
import { Rewriter } from "./rewriter.ts";

const masterKey = randomMasterKey();
const SETTINGS: PackerSettings = { masterKey, version: 2, packBytes: 1 << 20, level: 1, verify: "all" };
const ID_BYTES = 32;

/** One pack of the contents with these numbers. */
function packOf(contents: readonly number[], version: 1 | 2 = 2): FinishedPack {
  const packs: FinishedPack[] = [];
  const sink: PackSink = {
    take: (bytes) => new ArrayBuffer(bytes + 100_000),
    giveBack: () => undefined,
    store: (pack) => packs.push(pack),
  };
  const nothing = BlobIndex.create({ expectedBlobs: 1 });
  const packer = new BlobPacker("data", { ...SETTINGS, version }, nothing, BlobSet.create(), sink);
  for (const content of contents) packer.add(contentOf(content), new Uint8Array(ID_BYTES), 0);
  packer.flush();
  return packs[0] ?? assert.fail("no pack");
}

function contentOf(nr: number): Uint8Array {
  return Buffer.from(`content ${nr} `.repeat(nr + 1));
}

interface Scene {
  readonly index: BlobIndex;
  readonly used: EntrySet;
  readonly packs: ReadonlyMap<number, FinishedPack>;
}

/** The packs with what they hold; used are the blobs that `isUsed` says by their place among all. */
function sceneOf(contents: readonly (readonly number[])[], isUsed: (nr: number) => boolean, version: 1 | 2 = 2): Scene {
  const index = BlobIndex.create({ expectedBlobs: 1 });
  const packs = new Map<number, FinishedPack>();
  const ids = new Set<string>();
  for (const pack of contents.map((each) => packOf(each, version))) {
    addPack(index, pack.id, pack.blobs);
    packs.set(index.addPack(Uint8Array.fromHex(pack.id), 0), pack);
    for (const { id } of pack.blobs) ids.add(id);
  }
  const used = EntrySet.create(entryLimit(index));
  for (const [nr, id] of [...ids].entries()) if (isUsed(nr)) used.add(index.findHex("data", id as PackedBlob["id"]));
  return { index, used, packs };
}

function rewrite({ index, used, packs }: Scene, fates: readonly (PackFate | undefined)[], compress = false): readonly FinishedPack[] {
  const rewriter = new Rewriter({ index, used, fates, packer: SETTINGS, compress });
  for (const range of rewriter.ranges) {
    const { buffer = new ArrayBuffer() } = packs.get(range.pack) ?? {};
    rewriter.rewrite(range, new Uint8Array(buffer, range.offset, range.length));
  }
  rewriter.finish();
  return rewriter.takeFinished();
}

/** Opens every blob of the packs, and gives their ids. */
function idsIn(packs: readonly FinishedPack[]): readonly string[] {
  const decoder = new BlobDecoder(masterKey);
  return packs.flatMap(({ buffer, blobs }) =>
    blobs.map(({ id, offset, length, uncompressedLength }) => {
      decoder.decode(new Uint8Array(buffer, offset, length), uncompressedLength, id);
      return id;
    }),
  );
}

test("Rewriter moves each used blob that no kept pack holds, once, and nothing else", () => {
  const contents = fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { minLength: 1 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(
      contents,
      fc.array(fc.boolean(), { minLength: 13, maxLength: 13 }),
      fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
      (all, usedOnes, coins) => {
        const scene = sceneOf(all, (nr) => usedOnes[nr] ?? false);
        const { index, used, packs } = scene;
        const counts = countPacks(index, used);
        const fates: (PackFate | undefined)[] = [];
        for (const pack of index.packs())
          fates[pack] = counts.usedBlobs[pack] === 0 ? "drop" : coins[packs.size - (pack % packs.size) - 1] === true ? "keep" : "rewrite";
        const moved = idsIn(rewrite(scene, fates));
        const idsOf = (wanted: readonly PackFate[]): Set<string> =>
          new Set(
            [...packs].filter(([pack]) => wanted.includes(fates[pack] ?? "keep")).flatMap(([, { blobs }]) => blobs.map(({ id }) => id)),
          );
        const needed = new Set(
          [...idsOf(["keep", "rewrite", "drop"])].filter((id) => used.has(index.findHex("data", id as PackedBlob["id"]))),
        );
        assert.deepEqual(new Set(moved), needed.difference(idsOf(["keep"])));
        assert.equal(new Set(moved).size, moved.length);
      },
    ),
    { numRuns: 50 },
  );
});

test("countPacks() counts each used blob in one pack, and what it leaves unused is not needed there", () => {
  const contents = fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { minLength: 1 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(contents, fc.array(fc.boolean(), { minLength: 13, maxLength: 13 }), (all, usedOnes) => {
      const { index, used } = sceneOf(all, (nr) => usedOnes[nr] ?? false);
      const { usedBlobs, unusedBlobs, usedBytes, unusedBytes, duplicateBytes } = countPacks(index, used);
      const sum = (values: Iterable<number>): number => Array.from(values).reduce((total, value) => total + value, 0);
      const entries = [...index.entries()];
      assert.equal(usedBlobs.length, packLimit(index));
      assert.equal(sum(usedBlobs), entries.filter((entry) => used.has(entry)).length);
      assert.equal(sum(usedBlobs) + sum(unusedBlobs), entries.length);
      assert.equal(
        sum(usedBytes) + sum(unusedBytes),
        entries.reduce((total, entry) => total + index.lengthOf(entry), 0),
      );
      assert.ok(sum(duplicateBytes) <= sum(unusedBytes));
    }),
    { numRuns: 50 },
  );
});

test("countPacks() lets one of two equal packs go as a whole", () => {
  const { index, used } = sceneOf(
    [
      [1, 2, 3],
      [1, 2, 3],
      [1, 4],
    ],
    () => true,
  );
  const { usedBlobs } = countPacks(index, used);
  assert.deepEqual(
    [...index.packs()].map((pack) => usedBlobs[pack]),
    [3, 0, 1],
  );
});

test("Rewriter compresses what is not compressed if it is told to", () => {
  const scene = sceneOf([[9, 10, 11]], () => true, 1);
  const fates = [...Array<undefined>(packLimit(scene.index) - 1), "rewrite" as const];
  const [plain, compressed] = [false, true].map((compress) => rewrite(scene, fates, compress).flatMap(({ blobs }) => blobs));
  assert.deepEqual(
    plain?.map(({ uncompressedLength }) => uncompressedLength),
    [0, 0, 0],
  );
  assert.ok(compressed?.length === 3 && compressed.every(({ uncompressedLength }) => uncompressedLength > 0));
});

test("Rewriter refuses a damaged blob", () => {
  const scene = sceneOf([[1, 2]], () => true);
  const [[pack, { buffer, blobs }] = assert.fail("no pack")] = scene.packs;
  const bytes = new Uint8Array(buffer);
  const at = blobs[1]?.offset ?? 0;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  const fates: PackFate[] = [];
  fates[pack] = "rewrite";
  assert.throws(() => rewrite(scene, fates), { kind: "corrupt", code: "pack_damaged" });
});
