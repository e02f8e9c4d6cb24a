/** Which packs lie in the store, against those that the index names. */
import type { CallOptions } from "../../storage/object-store.ts";
import type { BlobIndex } from "../index/blob-index.ts";
import type { Repository } from "../repository.ts";
import { type FileInfo, listFiles } from "../sealed-files.ts";
import type { SizedPack } from "./read-subset.ts";

export interface StoredPacks {
  /** Those that the index names and the store has, by their number. */
  readonly indexed: ReadonlyMap<number, SizedPack>;
  /** Numbers of packs that the index names and the store lacks. */
  readonly absent: readonly number[];
  readonly unindexed: readonly FileInfo[];
}

export async function listStoredPacks({ store }: Repository, index: BlobIndex, options: CallOptions): Promise<StoredPacks> {
  const numbers = new Map(Array.from(index.packs(), (number) => [index.packId(number), number]));
  const indexed = new Map<number, SizedPack>();
  const unindexed: FileInfo[] = [];
  for await (const info of listFiles(store, "data", options)) {
    const number = numbers.get(info.id);
    if (number === undefined) unindexed.push(info);
    else indexed.set(number, { number, id: info.id, sizeBytes: info.sizeBytes });
  }
  return { indexed, absent: [...numbers.values()].filter((number) => !indexed.has(number)), unindexed };
}
