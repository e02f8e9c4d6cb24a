/** What the threads of a check do. */
import type { MasterKey } from "../format/cipher.ts";
import type { SharedBlobIndex } from "../index/blob-index.ts";
import type { TraceJob, Touched } from "./damage-tracer.ts";
import type { JobThreads } from "./job-threads.ts";
import type { PackTable } from "./pack-table.ts";
import type { PackJob, PackVerdict } from "./pack-verifier.ts";
import type { TreesAnswer, TreesJob } from "./tree-visitor.ts";
import type { UsageCount } from "./usage.ts";

export interface CheckThreadData {
  readonly index: SharedBlobIndex;
  readonly masterKey: MasterKey;
}

export interface CheckJobs {
  readonly table: readonly [undefined, PackTable];
  readonly trees: readonly [TreesJob, TreesAnswer];
  readonly pack: readonly [PackJob, PackVerdict];
  /** Is given what is used. */
  readonly usage: readonly [SharedArrayBuffer, UsageCount];
  readonly trace: readonly [TraceJob, readonly Touched[]];
}

export type CheckThreads = JobThreads<CheckJobs>;
