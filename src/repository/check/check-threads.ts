/** Starts the threads of a check. */
import { availableParallelism } from "node:os";
import type { Session } from "../session.ts";
import type { CheckJobs, CheckThreadData, CheckThreads } from "./check-jobs.ts";
import { JobThreads } from "./job-threads.ts";

/** More would wait for the store. */
const MAX_THREADS = 8;

export function startCheckThreads({ index, repository }: Session): CheckThreads {
  const data: CheckThreadData = { index: index.shared, masterKey: repository.masterKey };
  const limit = Math.min(availableParallelism(), MAX_THREADS);
  return new JobThreads<CheckJobs>(new URL("check-thread.ts", import.meta.url), data, limit);
}
