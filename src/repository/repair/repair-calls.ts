/** The thread of repairs, and what it does. */
import type { MessagePort } from "node:worker_threads";
import type { HexId } from "../../base/ids.ts";
import type { CheckThreadStart } from "../check/check-threads.ts";
import type { PackerSettings } from "../blob-packer.ts";
import type { FinishedPack } from "../pack-buffer.ts";
import type { Session } from "../session.ts";
import { CalledThread } from "../threads/thread-pool.ts";
import type { Salvage, SalvageJob } from "./salvage.ts";
import type { RewrittenTree } from "./tree-rewriter.ts";

export interface RewriteJob {
  readonly roots: readonly HexId[];
  readonly packer: PackerSettings;
  /** Where trees come from, see serveTrees(). */
  readonly trees: MessagePort;
}

export interface RewriteAnswer {
  /** One for each root; undefined: it cannot be read. */
  readonly rewritten: readonly (RewrittenTree | undefined)[];
  /** What is to be stored before they can be used. */
  readonly packs: readonly FinishedPack[];
}

export interface RepairCalls {
  readonly salvage: (job: SalvageJob) => Salvage;
  readonly rewrite: (job: RewriteJob) => RewriteAnswer;
}

/** One is enough: packs are damaged one by one. */
export function startRepairThread({ index, repository }: Session): CalledThread<RepairCalls> {
  const start: CheckThreadStart = { index: index.shared, masterKey: repository.masterKey };
  return new CalledThread(new URL("repair-thread.ts", import.meta.url), start);
}
