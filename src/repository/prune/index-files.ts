/** Writes an index anew: what it says of the packs that stay, and what is in new ones. */
import type { HexId } from "../../base/ids.ts";
import type { PlacedEntry } from "../format/pack-header.ts";
import type { BlobIndex } from "../index/blob-index.ts";
import { encodeIndexFile, type IndexedBlob, type IndexedPack } from "../index/index-file.ts";
import { ID_BYTES } from "../index/id-table.ts";
import { entryLimit, packLimit } from "../index/entry-set.ts";

/** As many as restic puts into one. */
export const BLOBS_PER_INDEX_FILE = 50_000;

/** Adds a pack and all that is in it to an index. */
export function addPack(index: BlobIndex, pack: HexId, blobs: Iterable<PlacedEntry>): void {
  const id = new Uint8Array(ID_BYTES);
  id.setFromHex(pack);
  const number = index.addPack(id, 0);
  for (const { type, id: blob, offset, length, uncompressedLength = 0 } of blobs) {
    id.setFromHex(blob);
    index.insert(type, id, 0, number, offset, length, uncompressedLength);
  }
}

/** What the index says of some of its packs. No blob may be inserted meanwhile. */
export function* packsOf(index: BlobIndex, isWanted: (pack: number) => boolean): Generator<IndexedPack, void, undefined> {
  // Entries sorted by pack: those of pack n begin where those of pack n - 1 end.
  const ends = new Int32Array(packLimit(index) + 1);
  for (const entry of index.entries()) addTo(ends, index.packOf(entry) + 1);
  for (let pack = 1; pack < ends.length; pack++) ends[pack] = (ends[pack] ?? 0) + (ends[pack - 1] ?? 0);
  const entries = new Int32Array(entryLimit(index));
  for (const entry of index.entries()) entries[addTo(ends, index.packOf(entry))] = entry;
  for (const pack of index.packs()) {
    if (!isWanted(pack)) continue;
    const blobs = Array.from(entries.subarray(ends[pack - 1] ?? 0, ends[pack]), (entry) => blobOf(index, entry));
    yield { id: index.packId(pack), blobs: blobs.toSorted((a, b) => a.offset - b.offset) };
  }
}

/** JSON of index files of the usual size; a pack is never split. */
export function* encodeIndexFiles(packs: Iterable<IndexedPack>): Generator<Uint8Array, void, undefined> {
  let collected: IndexedPack[] = [];
  let blobs = 0;
  for (const pack of packs) {
    collected.push(pack);
    blobs += pack.blobs.length;
    if (blobs < BLOBS_PER_INDEX_FILE) continue;
    yield encodeIndexFile(collected);
    collected = [];
    blobs = 0;
  }
  if (collected.length > 0) yield encodeIndexFile(collected);
}

function blobOf(index: BlobIndex, entry: number): IndexedBlob {
  return {
    id: index.idOf(entry),
    type: index.typeOf(entry),
    offset: index.offsetOf(entry),
    length: index.lengthOf(entry),
    uncompressedLength: index.uncompressedLengthOf(entry),
  };
}

/** Counts one up, and gives what was there. */
function addTo(counts: Int32Array, at: number): number {
  const before = counts[at] ?? 0;
  counts[at] = before + 1;
  return before;
}
