/** A tree of a folder whose entries are not all there, for the next run to go on from should this one not end. */
import type { HexId } from "../../base/ids.ts";
import type { OpenFolder } from "./open-folder.ts";
import type { TreeBlob } from "./tree-blob.ts";

/** Stores it. undefined: there is nothing yet, or so much that it is not held. */
export function storeSoFar(folder: OpenFolder, tree: TreeBlob): HexId | undefined {
  const copy = tree.copy();
  if (copy === undefined) return undefined;
  for (const { name, node } of folder.soFar()) copy.add(name, node);
  return copy.isEmpty ? undefined : copy.store();
}
