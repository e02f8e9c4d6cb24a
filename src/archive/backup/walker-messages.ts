/** What the main thread and the walking thread say to each other. */
import type { MessagePort } from "node:worker_threads";
import type { Finding } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { StoringThread } from "./reader-messages.ts";
import type { BackupSource } from "./source.ts";

export interface WalkerStart extends StoringThread {
  readonly source: BackupSource;
  /** One for each reading thread. */
  readonly readers: readonly MessagePort[];
  /** Where trees of the parent come from. */
  readonly trees: MessagePort;
  readonly parentTree: HexId | undefined;
  readonly unsureFromNs: bigint;
  readonly forcedCutBytes: number | undefined;
}

export type WalkerMessage =
  | { readonly kind: "finding"; readonly finding: Finding }
  /** Everything was read; what is new is on its way to the main thread, packs of the readers, too. */
  | { readonly kind: "done"; readonly tree: HexId };
