/** Stores the tree of a folder, and counts it. */
import type { HexId } from "../../base/ids.ts";
import type { EarlierTree } from "./earlier-trees.ts";
import type { TreeBlob } from "./tree-blob.ts";
import type { WalkParts } from "./walk-parts.ts";

/** @param earlier what the folder was before: none if it is new, and it did not change if it is one of these */
export function storeTree(
  tree: TreeBlob,
  earlier: readonly Pick<EarlierTree, "id">[],
  { packer, counters }: Pick<WalkParts, "packer" | "counters">,
): HexId {
  const id = tree.store();
  const isUnmodified = earlier.some((other) => other.id === id);
  counters.add(earlier.length === 0 ? "foldersNew" : isUnmodified ? "foldersUnmodified" : "foldersChanged");
  counters.set("treeBlobs", packer.counters.newBlobs);
  counters.set("newBytes", packer.counters.newBytes);
  counters.set("storedBytes", packer.counters.storedBytes);
  return id;
}
