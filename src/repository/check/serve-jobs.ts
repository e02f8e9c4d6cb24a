/** The thread's end of JobThreads. */
import { parentPort, type Transferable } from "node:worker_threads";
import { asDomainError } from "../../base/errors.ts";
import type { JobReply, JobRequest, JobTable } from "./job-threads.ts";

export type JobHandlers<Jobs extends JobTable> = {
  readonly [Name in keyof Jobs]: (job: Jobs[Name][0]) => Jobs[Name][1] | Promise<Jobs[Name][1]>;
};

/** Answers jobs until the thread is ended. Those that are synchronous are done in the order in which they come. */
export function serveJobs<Jobs extends JobTable>(handlers: JobHandlers<Jobs>): void {
  const post = (reply: JobReply, transfer: readonly Transferable[] = []): void => parentPort?.postMessage(reply, transfer);
  const serve = async ({ number, name, job }: JobRequest): Promise<void> => {
    try {
      post({ number, answer: await handlers[name as keyof Jobs](job) });
    } catch (error) {
      const { kind, code, message, details } = asDomainError(error);
      post({ number, error: { kind, code, message, details } });
    }
  };
  parentPort?.on("message", (request: JobRequest) => void serve(request));
}
