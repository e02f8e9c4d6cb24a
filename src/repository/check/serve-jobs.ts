/** The thread's end of JobThreads. */
import { parentPort } from "node:worker_threads";
import { asDomainError } from "../../base/errors.ts";
import type { JobReply, JobRequest, JobTable } from "./job-threads.ts";

export type JobHandlers<Jobs extends JobTable<Jobs>> = {
  readonly [Name in keyof Jobs]: (job: Jobs[Name][0]) => Jobs[Name][1] | Promise<Jobs[Name][1]>;
};

/** Answers jobs until the thread is ended. Those that are synchronous are done in the order in which they come. */
export function serveJobs<Jobs extends JobTable<Jobs>>(handlers: JobHandlers<Jobs>): void {
  const port = parentPort;
  if (port === null) throw new Error("Cannot serve jobs: this is no thread");
  const reply = (message: JobReply): void => port.postMessage(message);
  const serve = async ({ number, name, job }: JobRequest): Promise<void> => {
    try {
      reply({ number, answer: await handlers[name as keyof Jobs](job) });
    } catch (error) {
      const { kind, code, message, details } = asDomainError(error);
      reply({ number, error: { kind, code, message, details } });
    }
  };
  port.on("message", (request: JobRequest) => void serve(request));
}
