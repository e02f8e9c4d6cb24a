/** Threads that answer calls, from the side that asks. */
import type { MessagePort, Worker } from "node:worker_threads";
import { DomainError } from "../../base/errors.ts";
import { startThread } from "../packing/threads.ts";
import { type Answered, type Asked, Caller, type AskOptions, type CallTable } from "./calls.ts";

/** One thread; its file calls answerCalls() with its parentPort. */
export class CalledThread<Calls extends CallTable<Calls>> extends Caller<Calls> implements AsyncDisposable {
  readonly #worker: Worker;

  /**
   * @param start its workerData
   * @param ports those in `start`
   */
  constructor(file: URL, start: unknown, ports: readonly MessagePort[] = []) {
    const worker = startThread(file, start, ports, (cause) => this.fail(threadEnded(cause)));
    super(worker);
    this.#worker = worker;
    worker.on("exit", () => this.fail(threadEnded(undefined)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Threads of one kind, started as calls come. */
export class ThreadPool<Calls extends CallTable<Calls>> implements AsyncDisposable {
  readonly limit: number;
  readonly #start: () => CalledThread<Calls>;
  readonly #threads: CalledThread<Calls>[] = [];

  /** @param limit no more threads than this */
  constructor(limit: number, start: () => CalledThread<Calls>) {
    this.limit = limit;
    this.#start = start;
  }

  /** Those that were started. */
  get threads(): readonly CalledThread<Calls>[] {
    return this.#threads;
  }

  /** Asks the thread with the least to do. */
  async call<Name extends keyof Calls & string>(
    name: Name,
    asked: Asked<Calls[Name]>,
    options?: AskOptions,
  ): Promise<Answered<Calls[Name]>> {
    return this.#leastBusy().call(name, asked, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map(async (thread) => thread[Symbol.asyncDispose]()));
  }

  #leastBusy(): CalledThread<Calls> {
    const idle = this.#threads.find(({ waiting }) => waiting === 0);
    if (idle !== undefined) return idle;
    if (this.#threads.length < this.limit) {
      const thread = this.#start();
      this.#threads.push(thread);
      return thread;
    }
    return this.#threads.reduce((a, b) => (b.waiting < a.waiting ? b : a));
  }
}

function threadEnded(cause: unknown): DomainError {
  return new DomainError("internal", "thread_ended", "Cannot go on: a thread ended", { cause });
}
