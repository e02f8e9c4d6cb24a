/** Finds entries in snapshots. A tree that lies at the same path in several of them, and has nothing to find, is looked through once. */
import type { ByteString } from "../../base/byte-string.ts";
import type { HexId } from "../../base/ids.ts";
import type { FindingSink } from "../../base/finding.ts";
import { REPOSITORY_LIMITS } from "../../repository/format/limits.ts";
import type { ScannedNode, TreeScanner } from "../../repository/format/tree/decode.ts";
import type { PathPatterns } from "../path-pattern.ts";
import { EndCheck } from "./end-check.ts";
import { reportDamage, type SnapshotTrees, tooDeep, type WalkedNode } from "./snapshot-trees.ts";

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

  /** What matches; of a folder that matches not also what is in it. @throws {DomainError} corrupt/snapshot_endless */
  async *find(tree: HexId): AsyncGenerator<WalkedNode, void, undefined> {
    yield* this.#find(tree, "" as ByteString, 0, new EndCheck(this.#trees, [tree]));
  }

  async *#find(tree: HexId, path: ByteString, depth: number, ends: EndCheck): AsyncGenerator<WalkedNode, void, undefined> {
    const { patterns, accepts, report } = this.#options;
    const place = `${path}\0${tree}`;
    if (this.#barren.has(place)) return;
    await ends.pass();
    let found = false;
    let scanner: TreeScanner;
    try {
      if (depth > REPOSITORY_LIMITS.treeDepth) throw tooDeep();
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
        for await (const below of this.#find(subtree, at, depth + 1, ends)) {
          found = true;
          yield below;
        }
      }
    }
    if (!found) this.#barren.add(place);
  }
}
