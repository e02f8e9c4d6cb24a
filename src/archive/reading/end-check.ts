/**
 * For those who go to every path of a snapshot: finds out on the way that a hostile one has no end. Adding up all of it before would keep
 * those waiting who look at little; who has opened more folders than there are trees was somewhere twice, which is rare.
 */
import type { HexId } from "../../base/ids.ts";
import { measureFinite } from "../restore/size-walk.ts";
import type { SnapshotTrees } from "./snapshot-trees.ts";

/** So few are no matter, and counting the trees of a large index takes a moment. */
const FOLDERS_UNCHECKED = 4_096;

export class EndCheck {
  readonly #trees: SnapshotTrees;
  readonly #tops: readonly HexId[];
  #folders = 0;
  #checkedAt = FOLDERS_UNCHECKED;

  /** @param tops what is gone through */
  constructor(trees: SnapshotTrees, tops: readonly HexId[]) {
    this.#trees = trees;
    this.#tops = tops;
  }

  /** To be called before each folder is opened. @throws {DomainError} corrupt/snapshot_endless */
  async pass(): Promise<void> {
    if (++this.#folders !== this.#checkedAt) return;
    this.#checkedAt = this.#trees.count();
    if (this.#checkedAt > this.#folders) return;
    const parts = { open: async (id: HexId) => this.#trees.scan(id), throwIfStopped: () => undefined };
    for (const tree of this.#tops) await measureFinite(parts, { tree, entry: undefined });
  }
}
