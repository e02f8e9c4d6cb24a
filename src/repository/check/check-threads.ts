/** The threads of a check, and what they do. */
import { availableParallelism } from "node:os";
import type { MasterKey } from "../format/cipher.ts";
import type { SharedBlobIndex } from "../index/blob-index.ts";
import type { Session } from "../session.ts";
import { CalledThread, ThreadPool } from "../threads/thread-pool.ts";
import type { TraceJob, Touched } from "./damage-tracer.ts";
import type { PackTable } from "./pack-table.ts";
import type { PackJob, PackVerdict } from "./pack-verifier.ts";
import type { TreesAnswer, TreesJob } from "./tree-visitor.ts";
import type { UsageCount } from "./usage.ts";

export interface CheckThreadStart {
  readonly index: SharedBlobIndex;
  readonly masterKey: MasterKey;
}

export interface CheckCalls {
  readonly table: () => PackTable;
  readonly trees: (job: TreesJob) => TreesAnswer;
  readonly pack: (job: PackJob) => PackVerdict;
  readonly usage: (used: SharedArrayBuffer) => UsageCount;
  readonly trace: (job: TraceJob) => readonly Touched[];
}

export type CheckThreads = ThreadPool<CheckCalls>;

/** More would wait for the store. */
const MAX_THREADS = 8;

export function startCheckThreads({ index, repository }: Session): CheckThreads {
  const start: CheckThreadStart = { index: index.shared, masterKey: repository.masterKey };
  const limit = Math.min(availableParallelism(), MAX_THREADS);
  return new ThreadPool<CheckCalls>(limit, () => new CalledThread(new URL("check-thread.ts", import.meta.url), start));
}
