/** How many threads read, and how they are started. */
import { availableParallelism } from "node:os";
import { type MessagePort, parentPort, Worker } from "node:worker_threads";
import { DomainError, errorFromThread } from "../../base/errors.ts";
import { PACK_BYTES } from "../blob-packer.ts";

/** Enough to be as fast as any disk or network that a node has. */
const MAX_READERS = 8;
/** What the process takes without readers, and what each of them adds with packs of the usual length. */
const BASE_BYTES = 120 << 20;
const READER_BYTES = 60 << 20;

const THREAD_OPTIONS = {
  // Handles of folders are opened by one thread and used by others: Node must not close them with the first.
  trackUnmanagedFds: false,
  // Little lives long in these threads, and a short young generation saves tens of megabytes in each.
  resourceLimits: { maxYoungGenerationSizeMb: 4 },
};

/** Packs of a reader in memory: two that are filled, one on its way. */
export const PACKS_OF_READER = 3;

/**
 * By processors, and by the memory that the process may take.
 *
 * @param packBytes the length of the packs that each of them fills
 * @param spare more than processors, for work that waits for a disk
 */
export function readerCount(packBytes: number = PACK_BYTES, spare = 0): number {
  // 0 or a huge number where nothing is set.
  const limit = process.constrainedMemory();
  const readerBytes = READER_BYTES + PACKS_OF_READER * (packBytes - PACK_BYTES);
  const byMemory = limit > 0 ? Math.floor((limit - BASE_BYTES) / readerBytes) : MAX_READERS;
  return Math.max(1, Math.min(availableParallelism() + spare, MAX_READERS, byMemory));
}

/** @param fail gets what a thread did not expect */
export function startThread(file: URL, start: unknown, ports: readonly MessagePort[], fail: (error: unknown) => void): Worker {
  const worker = new Worker(file, { ...THREAD_OPTIONS, workerData: start, transferList: [...ports] });
  worker.on("error", (error) => fail(errorFromThread(error)));
  return worker;
}

/** A thread that loads its code before it is known what it will work on; its file takes that from startOfThread(). */
export class PreparedThread implements AsyncDisposable {
  readonly #worker: Worker;
  #fail: (error: unknown) => void = () => undefined;

  constructor(file: URL) {
    this.#worker = new Worker(file, THREAD_OPTIONS);
    // Nobody waits for a thread that has nothing to do.
    this.#worker.unref();
    this.#worker.on("error", (error) => this.#fail(errorFromThread(error)));
    this.#worker.on("exit", (code) => {
      if (code !== 0) this.#fail(new DomainError("internal", "thread_ended", "Cannot go on: a thread ended"));
    });
  }

  /** @param fail gets what the thread did not expect */
  start(start: unknown, ports: readonly MessagePort[], fail: (error: unknown) => void): Worker {
    this.#fail = fail;
    this.#worker.ref();
    this.#worker.postMessage(start, [...ports]);
    return this.#worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fail = () => undefined;
    await this.#worker.terminate();
  }
}

/** In a thread that was prepared: what start() is given. */
export function startOfThread<Start>(): Promise<Start> {
  const { promise, resolve } = Promise.withResolvers<Start>();
  parentPort?.once("message", resolve);
  return promise;
}
