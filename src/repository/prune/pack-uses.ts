/** What is needed of each pack that the index names, with the pack's number and id. */
import type { HexId } from "../../base/ids.ts";
import { SEAL_OVERHEAD } from "../format/cipher.ts";
import { MAX_PACK_ENTRY_BYTES, PACK_TRAILER_BYTES } from "../format/pack-header.ts";
import type { BlobIndex } from "../index/blob-index.ts";
import type { FileInfo } from "../sealed-files.ts";
import { CalledThread } from "../threads/thread-pool.ts";
import type { PackCounts } from "./count-packs.ts";
import type { CountCalls, CountThreadStart } from "./count-thread.ts";
import type { PackUse } from "./decide.ts";
import type { EntrySet } from "../index/entry-set.ts";
import { packSize, packsMissing } from "./refusals.ts";

/** The packs in the store. */
export type Packs = ReadonlyMap<HexId, FileInfo>;

export interface IndexedUse extends PackUse {
  readonly pack: number;
  readonly id: HexId;
  /** What its file should have. */
  readonly fileBytes: number;
}

/** @param used first entries; see firstEntryOf() */
export async function packUses(index: BlobIndex, used: EntrySet, signal: AbortSignal): Promise<readonly IndexedUse[]> {
  const counts = await count(index, used, signal);
  return Array.from(index.packs(), (pack) => useOf(index, pack, counts));
}

/** In a thread of its own: millions of blobs take seconds. */
async function count(index: BlobIndex, used: EntrySet, signal: AbortSignal): Promise<PackCounts> {
  const start: CountThreadStart = { index: index.shared, used: used.shared };
  await using thread = new CalledThread<CountCalls>(new URL("count-thread.ts", import.meta.url), start);
  return await thread.call("count", undefined, { signal });
}

const UNCOMPRESSED_ENTRY_BYTES = MAX_PACK_ENTRY_BYTES - 4;

function useOf(index: BlobIndex, pack: number, counts: PackCounts): IndexedUse {
  const at = (values: Int32Array | Float64Array): number => values[pack] ?? 0;
  const [usedBlobs, unusedBlobs] = [at(counts.usedBlobs), at(counts.unusedBlobs)];
  const [usedBytes, unusedBytes] = [at(counts.usedBytes), at(counts.unusedBytes)];
  const blobs = usedBlobs + unusedBlobs;
  const compressed = at(counts.compressedBlobs);
  const trees = at(counts.treeBlobs);
  const headerBytes = compressed * MAX_PACK_ENTRY_BYTES + (blobs - compressed) * UNCOMPRESSED_ENTRY_BYTES;
  return {
    pack,
    id: index.packId(pack),
    type: trees === 0 ? "data" : trees === blobs ? "tree" : "mixed",
    usedBlobs,
    usedBytes,
    unusedBlobs,
    unusedBytes,
    hasUncompressed: compressed < blobs,
    fileBytes: usedBytes + unusedBytes + headerBytes + SEAL_OVERHEAD + PACK_TRAILER_BYTES,
  };
}

/** That what is needed is there, as long as it should be. */
export function assertWhole(uses: readonly IndexedUse[], packs: Packs): void {
  const needed = uses.filter(({ usedBlobs }) => usedBlobs > 0);
  const missing = needed.filter(({ id }) => !packs.has(id)).map(({ id }) => id);
  if (missing.length > 0) throw packsMissing(missing);
  const odd = needed.find(({ id, fileBytes }) => packs.get(id)?.sizeBytes !== fileBytes);
  if (odd !== undefined) throw packSize(odd, packs.get(odd.id)?.sizeBytes ?? 0);
}
