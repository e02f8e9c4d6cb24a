/** What the walker's thread makes trees with, whatever the source is. */
import type { Finding } from "../../base/finding.ts";
import type { BlobPacker } from "../../repository/blob-packer.ts";
import type { BlobIndex } from "../../repository/index/blob-index.ts";
import type { NodeStyle } from "../stat-node.ts";
import type { CounterRow } from "./counters.ts";
import type { ParentTrees } from "./parent-trees.ts";
import type { ReaderPool } from "./reader-pool.ts";

export interface WalkParts {
  readonly readers: ReaderPool;
  readonly packer: BlobPacker;
  readonly index: BlobIndex;
  readonly counters: CounterRow;
  readonly style: NodeStyle;
  readonly parents: ParentTrees;
  /** A file is cut at its multiples; undefined: never. */
  readonly forcedCutBytes: number | undefined;
  readonly report: (finding: Finding) => void;
}
