/** "SNAPSHOT:PATH" as people write it, and what is there. */
import type { ByteString } from "../../base/byte-string.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import type { Node } from "../../repository/format/tree/node.ts";
import type { StoredSnapshot } from "../../repository/snapshots.ts";
import { namesInPath, type SnapshotTrees } from "./snapshot-trees.ts";

export interface SnapshotPath {
  readonly snapshot: string;
  /** "" for the root. */
  readonly path: string;
}

/** Ids have no colon. */
export function parseSnapshotPath(text: string): SnapshotPath {
  const colon = text.indexOf(":");
  return colon < 0 ? { snapshot: text, path: "" } : { snapshot: text.slice(0, colon), path: text.slice(colon + 1) };
}

export interface FoundPlace {
  /** From the root of the snapshot; "" for the root itself. */
  readonly path: ByteString;
  /** Undefined for the root. */
  readonly node: Node | undefined;
  /** Undefined if it is no folder. */
  readonly tree: HexId | undefined;
}

/** @throws {DomainError} not-found/path_not_found */
export async function findPlace(trees: SnapshotTrees, { id, snapshot }: StoredSnapshot, path: string): Promise<FoundPlace> {
  const names = namesInPath(path);
  const node = await trees.find(snapshot.tree, names);
  if (node === "missing") {
    throw new DomainError(
      "not-found",
      "path_not_found",
      `Cannot find "${path}" in snapshot "${id.slice(0, 8)}": there is none of that name`,
      {
        hint: `Run "holdfast files show ${id.slice(0, 8)}" to see what is there`,
      },
    );
  }
  const tree = node === undefined ? snapshot.tree : node.type === "dir" ? node.subtree : undefined;
  return { path: names.map((name) => `/${name}`).join("") as ByteString, node, tree };
}

/** @throws {DomainError} usage/not_a_folder */
export function requireFolder({ tree }: FoundPlace, path: string): HexId {
  if (tree !== undefined) return tree;
  throw new DomainError("usage", "not_a_folder", `Cannot use "${path}" as a folder: it is something else`);
}
