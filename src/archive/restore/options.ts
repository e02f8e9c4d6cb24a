/** What a restore is asked for, and what it tells in the end. */
import type { ByteString } from "../../base/byte-string.ts";
import type { Clock } from "../../base/clock.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { BlobIndex } from "../../repository/index/blob-index.ts";
import type { LocalCache } from "../../repository/local-cache.ts";

/**
 * What happens to files that are there already. `always`: they are replaced. `if-changed`: those with the size and time of the
 * snapshot's are taken as equal, of the others the content is compared. `if-newer`: those older than the snapshot's are replaced.
 * `never`: they are kept as they are. Folders are always joined.
 */
export type Overwrite = "always" | "if-changed" | "if-newer" | "never";

/** Patterns over paths that begin at the restored tree. Without patterns to include, everything is. */
export interface Selection {
  readonly includes: readonly ByteString[];
  readonly includesIgnoringCase: readonly ByteString[];
  readonly excludes: readonly ByteString[];
  readonly excludesIgnoringCase: readonly ByteString[];
}

export const EVERYTHING: Selection = { includes: [], includesIgnoringCase: [], excludes: [], excludesIgnoringCase: [] };

export interface RestoreOptions {
  readonly tree: HexId;
  /** Of the tree's entries, only this one: for a path that leads to a file. */
  readonly entry?: ByteString | undefined;
  /** A folder, made if it is not there. Links on the way to it are followed. */
  readonly target: string;
  /** A node as trees have it, in JSON: the target gets its attributes. Without one they stay as they are. */
  readonly targetNode?: string | undefined;
  readonly index: BlobIndex;
  readonly cache: LocalCache | undefined;
  readonly select: Selection;
  readonly overwrite: Overwrite;
  /** Removes what the restored folders hold and the snapshot does not, as far as it is selected. */
  readonly deleteExtra: boolean;
  /** Looks at everything and writes nothing. */
  readonly dryRun: boolean;
  /** Reads everything back and compares it. */
  readonly verify: boolean;
  /** Leaves holes where the content is zeros. @default true */
  readonly sparse?: boolean | undefined;
  /** Told what is done, or would be, with each entry. */
  readonly onEntry?: ((entry: RestoredEntry) => void) | undefined;
  readonly clock: Clock;
  readonly report: FindingSink;
  readonly progress: ProgressSink;
  readonly signal: AbortSignal;
}

export type EntryAction = "create" | "replace" | "unchanged" | "skip" | "delete";

export interface RestoredEntry {
  readonly action: EntryAction;
  /** From the target on, for people. */
  readonly path: string;
}

export interface RestoreResult {
  /** Files, folders and other entries that were made or replaced; in a dry run those that would be. */
  readonly files: number;
  readonly folders: number;
  /** Symbolic links, fifos, devices. */
  readonly others: number;
  /** Further names of files that were made. */
  readonly hardLinks: number;
  /** Content of the files. */
  readonly bytes: number;
  /** Were there already, as the snapshot has them. */
  readonly unchanged: number;
  /** Were there already and were kept, as `overwrite` says. */
  readonly skipped: number;
  readonly deleted: number;
  /** Could not be restored; a finding names each. */
  readonly failed: number;
  /** Files that were read back and found right. */
  readonly verified: number;
}
