import assert from "node:assert/strict";
import { test } from "node:test";
import { randomHexId, type HexId } from "../../base/ids.ts";
import { fc } from "../../base/testing/property.ts";
import type { BlobType } from "../format/blob.ts";
import { BlobIndex } from "./blob-index.ts";

const MANY = 700_000;

/** Few values, so that equal ones meet often; the ids differ in the last word only, or in the first. */
const ids = fc.integer({ min: 0, max: 3 }).map((n) => {
  const id = new Uint8Array(32);
  id[n < 2 ? 31 : 0] = n;
  return id;
});
const types = fc.constantFrom<BlobType>("data", "tree");
const lengths = fc.constantFrom(0x7fff_ffff, 0xffff_ffff);
const inserts = fc.record({ type: types, id: ids, pack: ids, offset: lengths, length: lengths, uncompressedLength: lengths });

test("a BlobIndex holds each place of each blob once, as a map does", () => {
  fc.assert(
    fc.property(fc.array(inserts, { maxLength: 60 }), (given) => {
      const index = BlobIndex.create({ expectedBlobs: 0 });
      const other = BlobIndex.attach(index.shared);
      const model = new Map<string, Set<string>>();
      for (const { type, id, pack, offset, length, uncompressedLength } of given) {
        const blob = `${type}-${id.toHex()}`;
        const place = `${pack.toHex()}-${offset}-${length}-${uncompressedLength}`;
        const places = model.get(blob) ?? new Set();
        model.set(blob, places);
        assert.equal(index.insert(type, id, 0, index.addPack(pack, 0), offset, length, uncompressedLength), !places.has(place));
        places.add(place);
      }
      for (const [blob, places] of model) {
        const [type, hex] = blob.split("-") as [BlobType, HexId];
        const found = other.locations(type, Uint8Array.fromHex(hex), 0);
        assert.deepEqual(found.map((entry) => placeText(other, entry)).toSorted(), [...places].toSorted());
        assert.equal(other.findHex(type, hex), found[0]);
      }
      const all = Array.from(other.entries(), (entry) => `${other.typeOf(entry)}-${other.idOf(entry)} ${placeText(other, entry)}`);
      const expected = Array.from(model, ([blob, places]) => Array.from(places, (place) => `${blob} ${place}`)).flat();
      assert.deepEqual(all.toSorted(), expected.toSorted());
      assert.equal(other.size, expected.length);
      const packIds = new Set(given.map(({ pack }) => pack.toHex()));
      assert.deepEqual(Array.from(other.packs(), (pack) => other.packId(pack)).toSorted(), [...packIds].toSorted());
      assert.equal(other.packCount, packIds.size);
    }),
  );
});

test("find() tells types apart, reads ids at any place, and gives -1 for what is not there", () => {
  const index = BlobIndex.create({ expectedBlobs: 0 });
  const bytes = Uint8Array.from({ length: 35 }, (_, place) => place);
  const pack = index.addPack(bytes, 0);
  index.insert("data", bytes, 3, pack, 0, 50, 0);
  assert.notEqual(index.find("data", bytes, 3), -1);
  assert.equal(index.find("tree", bytes, 3), -1);
  assert.equal(index.find("data", bytes, 2), -1);
  assert.equal(index.findHex("data", randomHexId()), -1);
  assert.deepEqual(index.locations("tree", bytes, 3), []);
  assert.equal(index.addPack(bytes, 0), pack);
  assert.notEqual(index.addPack(bytes, 1), pack);
});

test("a BlobIndex grows beyond what was expected, and a thread that attached before sees it all", () => {
  const index = BlobIndex.create({ expectedBlobs: 0 });
  const attached = BlobIndex.attach(index.shared);
  const id = new Uint8Array(32);
  const pack = index.addPack(id, 0);
  for (let n = 0; n < MANY; n++) {
    putNumber(id, n);
    index.insert("data", id, 0, pack, n, 50, 0);
  }
  assert.equal(attached.size, MANY);
  for (let n = 0; n < MANY; n++) {
    putNumber(id, n);
    if (attached.offsetOf(attached.find("data", id, 0)) !== n) assert.fail(`Blob ${n} is not where it was put`);
  }
});

test("ids that were chosen to begin alike are found as fast as others", () => {
  const index = BlobIndex.create({ expectedBlobs: 0 });
  const id = new Uint8Array(32);
  const pack = index.addPack(id, 0);
  // 100,000 ids in one bucket would take 5 billion steps; this ends within the time limit only if they are spread.
  for (let n = 0; n < 100_000; n++) {
    new DataView(id.buffer).setUint32(4, n, true);
    index.insert("data", id, 0, pack, 0, 50, 0);
  }
  assert.equal(index.size, 100_000);
});

test("insert() leaves out places of a blob beyond the 256th, so that a hostile index does not take for ever", () => {
  const index = BlobIndex.create({ expectedBlobs: 0 });
  const id = new Uint8Array(32);
  const pack = index.addPack(id, 0);
  for (let offset = 0; offset < 300; offset++) assert.equal(index.insert("data", id, 0, pack, offset, 50, 0), offset < 256);
  assert.equal(index.locations("data", id, 0).length, 256);
  assert.equal(index.size, 256);
});

function placeText(index: BlobIndex, entry: number): string {
  const pack = index.packId(index.packOf(entry));
  return `${pack}-${index.offsetOf(entry)}-${index.lengthOf(entry)}-${index.uncompressedLengthOf(entry)}`;
}

/** Makes an id of a number, with low and high bytes at both ends. */
function putNumber(id: Uint8Array, n: number): void {
  const view = new DataView(id.buffer);
  view.setUint32(0, n, true);
  view.setUint32(28, n, false);
}
