/** Finds entries in snapshots. A tree that lies at the same path in several of them, and has nothing to find, is looked through once. */
import type { ByteString } from "../../base/byte-string.ts";
import type { HexId } from "../../base/ids.ts";
import type { FindingSink } from "../../base/finding.ts";
import { REPOSITORY_LIMITS } from "../../repository/format/limits.ts";
import type { ScannedNode, TreeScanner } from "../../repository/format/tree/decode.ts";
import type { PathPatterns } from "../path-pattern.ts";
import { reportDamage, type SnapshotTrees, type WalkedNode } from "./snapshot-trees.ts";

export interface FindOptions {
  readonly patterns: PathPatterns;
  /** Further conditions on what the patterns match. */
  readonly accepts: (node: ScannedNode) => boolean;
  readonly report: FindingSink;
}

export class Finder {
  readonly #trees: SnapshotTrees;
  readonly #options: FindOptions;
  /** Path and tree. */
  readonly #barren = new Set<string>();

  constructor(trees: SnapshotTrees, options: FindOptions) {
    this.#trees = trees;
    this.#options = options;
  }

  /** What matches; of a folder that matches not also what is in it. */
  async *find(tree: HexId, path: ByteString = "" as ByteString, depth = 0): AsyncGenerator<WalkedNode, void, undefined> {
    const { patterns, accepts, report } = this.#options;
    const place = `${path}\0${tree}`;
    if (this.#barren.has(place) || depth > REPOSITORY_LIMITS.treeDepth) return;
    let found = false;
    let scanner: TreeScanner;
    try {
      scanner = await this.#trees.scan(tree);
    } catch (error) {
      reportDamage(path, error, report);
      return;
    }
    for (let node = scanner.next(); node !== undefined; node = scanner.next()) {
      const at = `${path}/${node.name}` as ByteString;
      const subtree = node.type === "dir" ? node.subtree : undefined;
      if (patterns.matches(at)) {
        if (!accepts(node)) continue;
        found = true;
        yield { path: at, node };
      } else if (subtree !== undefined && patterns.mayMatchBelow(at)) {
        for await (const below of this.find(subtree, at, depth + 1)) {
          found = true;
          yield below;
        }
      }
    }
    if (!found) this.#barren.add(place);
  }
}
