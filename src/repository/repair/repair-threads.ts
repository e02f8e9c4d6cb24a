/** What the threads of repairs do. */
import type { MessagePort } from "node:worker_threads";
import type { HexId } from "../../base/ids.ts";
import type { CheckThreadData } from "../check/check-jobs.ts";
import { JobThreads } from "../check/job-threads.ts";
import type { PackerSettings } from "../blob-packer.ts";
import type { FinishedPack } from "../pack-buffer.ts";
import type { Session } from "../session.ts";
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

export interface RepairJobs {
  readonly salvage: readonly [SalvageJob, Salvage];
  readonly rewrite: readonly [RewriteJob, RewriteAnswer];
}

/** One thread: packs are damaged one by one. */
export function startRepairThreads({ index, repository }: Session): JobThreads<RepairJobs> {
  const data: CheckThreadData = { index: index.shared, masterKey: repository.masterKey };
  return new JobThreads<RepairJobs>(new URL("repair-thread.ts", import.meta.url), data, 1);
}
