/** Threads that do jobs, each one job after the other, with an answer to each. */
import { type Transferable, Worker } from "node:worker_threads";
import { DomainError, type ErrorKind } from "../../base/errors.ts";

/** By name: what a job is given and what it answers. Both are copied or transferred between threads. */
export type JobTable<Jobs> = { readonly [Name in keyof Jobs]: readonly [job: unknown, answer: unknown] };

/** To a thread. */
export interface JobRequest {
  readonly number: number;
  readonly name: string;
  readonly job: unknown;
}

/** From it. */
export type JobReply =
  | { readonly number: number; readonly answer: unknown }
  | {
      readonly number: number;
      readonly error: {
        readonly kind: ErrorKind;
        readonly code: string;
        readonly message: string;
        readonly details: Readonly<Record<string, unknown>>;
      };
    };

export class JobThreads<Jobs extends JobTable<Jobs>> implements AsyncDisposable {
  readonly #file: URL;
  readonly #workerData: unknown;
  readonly #limit: number;
  readonly #threads: JobThread[] = [];

  /** @param limit Threads are started as jobs come, no more than this. */
  constructor(file: URL, workerData: unknown, limit: number) {
    this.#file = file;
    this.#workerData = workerData;
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  /**
   * Throws what the job throws, as a DomainError.
   *
   * @throws {DomainError} internal/job_thread: the thread ended
   */
  async run<Name extends keyof Jobs & string>(
    name: Name,
    job: Jobs[Name][0],
    transfer: readonly Transferable[] = [],
  ): Promise<Jobs[Name][1]> {
    return this.#leastBusy().run(name, job, transfer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map(async (thread) => thread.end()));
  }

  #leastBusy(): JobThread {
    const idle = this.#threads.find(({ waiting }) => waiting === 0);
    if (idle !== undefined) return idle;
    if (this.#threads.length < this.#limit) {
      const thread = new JobThread(this.#file, this.#workerData);
      this.#threads.push(thread);
      return thread;
    }
    return this.#threads.reduce((a, b) => (b.waiting < a.waiting ? b : a));
  }
}

class JobThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #jobs = 0;
  #failure: DomainError | undefined;

  constructor(file: URL, workerData: unknown) {
    this.#worker = new Worker(file, { workerData });
    this.#worker.on("message", (reply: JobReply) => {
      const waiting = this.#waiting.get(reply.number);
      this.#waiting.delete(reply.number);
      if ("answer" in reply) waiting?.resolve(reply.answer);
      else waiting?.reject(new DomainError(reply.error.kind, reply.error.code, reply.error.message, { details: reply.error.details }));
    });
    this.#worker.on("error", (cause) => this.#fail(cause));
    this.#worker.on("exit", () => this.#fail(undefined));
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  async run(name: string, job: unknown, transfer: readonly Transferable[]): Promise<unknown> {
    if (this.#failure !== undefined) throw this.#failure;
    const number = this.#jobs++;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(number, waiting);
    this.#worker.postMessage({ number, name, job } satisfies JobRequest, transfer);
    return waiting.promise;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(cause: unknown): void {
    this.#failure ??= new DomainError("internal", "job_thread", "Cannot go on: a thread ended", { cause });
    for (const waiting of this.#waiting.values()) waiting.reject(this.#failure);
    this.#waiting.clear();
  }
}
