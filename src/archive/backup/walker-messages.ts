/** What the main thread and the walking thread say to each other. */
import type { MessagePort } from "node:worker_threads";
import type { Finding } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { EarlierTree } from "./earlier-trees.ts";
import type { StoringThread } from "./reader-messages.ts";
import type { BackupSource } from "./source.ts";

export interface WalkerStart extends StoringThread {
  readonly source: BackupSource;
  /** One for each reading thread. */
  readonly readers: readonly MessagePort[];
  /** Where trees of the parent come from. */
  readonly trees: MessagePort;
  /** What earlier runs made of the same, the newest first. */
  readonly earlier: readonly EarlierTree[];
  readonly forcedCutBytes: number | undefined;
}

/** From the main thread: store all that was made so far, and have the readers do so. */
export interface CheckpointRequest {
  readonly checkpoint: number;
}

export type WalkerMessage =
  /** A tree of what there is of the snapshot; all it needs was sent once all threads have said that they have flushed. undefined: nothing. */
  | { readonly kind: "checkpoint"; readonly tree: HexId | undefined }
  | { readonly kind: "finding"; readonly finding: Finding }
  /** Everything was read; what is new is on its way to the main thread, packs of the readers, too. */
  | { readonly kind: "done"; readonly tree: HexId };
