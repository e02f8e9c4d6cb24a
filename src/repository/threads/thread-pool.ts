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

/** Starting a thread takes as long as most calls: one is started when the others have something to go on with. */
const CALLS_BEFORE_ANOTHER = 2;

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
    const [first, ...others] = this.#threads;
    const idlest = first && others.reduce((a, b) => (b.waiting < a.waiting ? b : a), first);
    if (idlest !== undefined && (idlest.waiting < CALLS_BEFORE_ANOTHER || this.#threads.length >= this.limit)) return idlest;
    const thread = this.#start();
    this.#threads.push(thread);
    return thread;
  }
}

function threadEnded(cause: unknown): DomainError {
  return new DomainError("internal", "thread_ended", "Cannot go on: a thread ended", { cause });
}
