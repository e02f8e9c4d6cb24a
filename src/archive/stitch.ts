/** Joins trees that were stored one by one, as those of an application's volumes, to the one tree of a snapshot. */
import type { ByteString } from "../base/byte-string.ts";
import type { Clock } from "../base/clock.ts";
import type { HexId } from "../base/ids.ts";
import { BlobPacker, PACK_BYTES, packerSettings } from "../repository/blob-packer.ts";
import { encodeTree } from "../repository/format/tree/encode.ts";
import { BlobSet } from "../repository/index/blob-set.ts";
import { IndexWriter } from "../repository/index-writer.ts";
import { DirectPacks } from "../repository/packing/direct-packs.ts";
import type { Session } from "../repository/session.ts";
import { plainNode } from "./plain-node.ts";

/** What stands at one place: a folder of its own parts, or a tree that is stored. */
export type Stitched = HexId | ReadonlyMap<ByteString, Stitched>;

const FOLDER_MODE = 0o040755;
const ID_BYTES = 32;

/** Stores the folders above the given trees, and gives the id of the uppermost. */
export async function stitch(session: Session, parts: ReadonlyMap<ByteString, Stitched>, clock: Clock): Promise<HexId> {
  const { repository, index, signal } = session;
  const packs = new DirectPacks(repository.store, new IndexWriter(repository.files, clock), PACK_BYTES, { signal });
  const packer = new BlobPacker("tree", packerSettings(repository, "all"), index, BlobSet.create(), packs);
  const tree = storeFolder(packer, parts, BigInt(clock.now()) * 1_000_000n);
  packer.flush();
  await packs.finish();
  return tree;
}

function storeFolder(packer: BlobPacker, parts: ReadonlyMap<ByteString, Stitched>, nowNs: bigint): HexId {
  const names = Array.from(parts.keys()).toSorted();
  const nodes = names.map((name) => {
    const part = parts.get(name) ?? new Map<ByteString, Stitched>();
    const subtree = typeof part === "string" ? part : storeFolder(packer, part, nowNs);
    return plainNode(name, { mode: FOLDER_MODE, timeNs: nowNs }, { subtree });
  });
  const id = new Uint8Array(ID_BYTES);
  packer.add(encodeTree(nodes), id, 0);
  return id.toHex() as HexId;
}
