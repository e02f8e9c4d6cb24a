/** From a path in a snapshot to what lies there. */
import { type ByteString, displayText } from "../../base/byte-string.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import type { BlobIndex } from "../../repository/index/blob-index.ts";
import type { LocalCache } from "../../repository/local-cache.ts";
import type { Repository } from "../../repository/repository.ts";
import { treeFetch } from "./tree-port.ts";
import { Trees } from "./trees.ts";

/** What `restore()` takes: a folder's tree; or, for anything else, the tree it stands in and its name. */
export interface ResolvedPath {
  readonly tree: HexId;
  readonly entry: ByteString | undefined;
}

/**
 * @param path with or without a slash in front; "" or "/" for all of the tree
 * @throws {DomainError} not-found/snapshot_path
 * @throws {DomainError} corrupt/… if a tree on the way is damaged
 */
export async function resolvePath(
  repository: Repository,
  tree: HexId,
  path: ByteString,
  options: { readonly index: BlobIndex; readonly cache: LocalCache | undefined; readonly signal: AbortSignal },
): Promise<ResolvedPath> {
  const trees = new Trees(treeFetch(repository, options.cache, options.signal), options.index, repository.masterKey);
  const names = path.split("/").filter((name) => name !== "" && name !== ".") as ByteString[];
  let current = tree;
  for (const [at, name] of names.entries()) {
    const nodes = await trees.open(current);
    let node = nodes.next();
    while (node !== undefined && node.name !== name) node = nodes.next();
    const isLast = at === names.length - 1;
    if (node !== undefined && node.type !== "dir" && isLast) return { tree: current, entry: name };
    if (node?.type !== "dir" || node.subtree === undefined) {
      throw new DomainError("not-found", "snapshot_path", `Cannot find "${displayText(path)}" in the snapshot: there is no such path`, {
        hint: 'Run "holdfast files show" to see what is in it',
      });
    }
    current = node.subtree;
  }
  return { tree: current, entry: undefined };
}
