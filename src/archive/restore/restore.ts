/**
 * One restore, on the main thread: starts a thread that plans and some that write, and gets them the parts of packs that they need. Killed
 * at any moment it leaves files that are whole, or have another time than the snapshot's: with `if-changed`, the next run goes on.
 */
import { readFile } from "node:fs/promises";
import { MessageChannel, Worker } from "node:worker_threads";
import { orAbort } from "../../base/concurrency.ts";
import { DomainError, errorFromThread } from "../../base/errors.ts";
import { Semaphore } from "../../base/semaphore.ts";
import { keyOfFile } from "../../repository/layout.ts";
import type { Repository } from "../../repository/repository.ts";
import { readerCount } from "../../repository/packing/threads.ts";
import type { ProcessIdentity } from "./attributes.ts";
import { newRestoreCounters, restoreTotals } from "./counters.ts";
import type { FetchedRange, PlannerMessage, PlannerStart, WriterStart } from "./messages.ts";
import type { RestoreOptions, RestoreResult } from "./options.ts";
import { errorOf, serveTrees, treeFetch } from "./tree-port.ts";
import { isDamage, type TreePlace } from "./trees.ts";
import { ownBytes } from "../../repository/threads/own-memory.ts";

/** Requests at a time: enough to hide a network's delays. The planner bounds the bytes. */
const CONCURRENT_FETCHES = 12;
/** Of each thread: they make much that lives for a moment only, and would let it pile up. */
const YOUNG_GENERATION_MB = 16;
/** While the others wait for the disk to take a long piece. */
const SPARE_WRITERS = 1;
const PROGRESS_EVERY_MS = 100;
/** What Linux has where nothing else was set. */
const USUAL_UMASK = 0o022;

/**
 * Single entries that cannot be restored are findings.
 *
 * @throws {DomainError} unavailable/target_full: before anything is written if that can be known; what is half made is removed
 * @throws {DomainError} conflict/target_no_folder, not-found/target_missing, forbidden/target_forbidden, forbidden/target_read_only
 * @throws {DomainError} usage/path_pattern
 * @throws {DomainError} cancelled/cancelled, and what the store throws if it cannot be reached
 */
export async function restore(repository: Repository, options: RestoreOptions): Promise<RestoreResult> {
  return new RestoreRun(repository, options, await processIdentity()).run();
}

class RestoreRun {
  readonly #repository: Repository;
  readonly #options: RestoreOptions;
  readonly #self: ProcessIdentity;
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  readonly #writerCount = readerCount(undefined, SPARE_WRITERS);
  readonly #counters: SharedArrayBuffer;
  readonly #stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  readonly #threads: Worker[] = [];
  readonly #writers: Worker[] = [];
  readonly #fetches = new Semaphore(CONCURRENT_FETCHES);
  /** Why the restore has to end; the threads first finish what they are at. */
  #failure: { readonly error: unknown } | undefined;

  constructor(repository: Repository, options: RestoreOptions, self: ProcessIdentity) {
    this.#repository = repository;
    this.#options = options;
    this.#self = self;
    this.#signal = AbortSignal.any([options.signal, this.#abort.signal]);
    this.#counters = newRestoreCounters(this.#writerCount + 1);
  }

  async run(): Promise<RestoreResult> {
    this.#signal.throwIfAborted();
    const onAbort = (): void => this.#fail(this.#options.signal.reason);
    this.#options.signal.addEventListener("abort", onAbort, { once: true });
    const ended = new AbortController();
    const progress = this.#showProgress(ended.signal);
    try {
      await this.#start();
      if (this.#failure !== undefined) throw this.#failure.error;
      const { totalFiles: _, totalBytes: __, ...result } = restoreTotals(this.#counters);
      return result;
    } catch (error) {
      // What a thread says that was told to stop is of no interest.
      throw this.#failure === undefined ? errorFromThread(error) : this.#failure.error;
    } finally {
      this.#options.signal.removeEventListener("abort", onAbort);
      ended.abort();
      this.#abort.abort();
      await Promise.all([progress, ...this.#threads.map(async (thread) => thread.terminate())]);
    }
  }

  /** Resolves when the planner is done. Rejects at once only if a thread fails that must not. */
  async #start(): Promise<void> {
    const broken = new AbortController();
    const done = Promise.withResolvers<void>();
    const common = {
      masterKey: this.#repository.masterKey,
      index: this.#options.index.shared,
      self: this.#self,
      sparse: this.#options.sparse ?? true,
      counters: this.#counters,
      stop: this.#stop,
    };
    const startOne = (file: string, start: unknown, ports: readonly MessageChannel["port1"][]): Worker => {
      const thread = new Worker(new URL(file, import.meta.url), {
        workerData: start,
        transferList: [...ports],
        // The planner opens handles that the writers use.
        trackUnmanagedFds: false,
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
      });
      thread.on("error", (error) => broken.abort(error));
      this.#threads.push(thread);
      return thread;
    };
    const ports = Array.from({ length: this.#writerCount }, (_, row) => {
      const { port1, port2 } = new MessageChannel();
      const start: WriterStart = { ...common, counterRow: row, tasks: port2 };
      this.#writers.push(startOne("./writer-thread.ts", start, [port2]));
      return port1;
    });
    const { tree, entry, target, targetNode, select, overwrite, deleteExtra, dryRun, verify, onEntry, cache } = this.#options;
    const start: PlannerStart = {
      ...common,
      tree,
      entry,
      target,
      targetNode,
      select,
      overwrite,
      deleteExtra,
      dryRun,
      verify,
      counterRow: this.#writerCount,
      tellEntries: onEntry !== undefined,
      writers: ports,
      busyWriters: readerCount(),
      trees: serveTrees(treeFetch(this.#repository, cache, this.#signal)),
    };
    const planner = startOne("./planner-thread.ts", start, [...ports, start.trees]);
    planner.on("message", (message: PlannerMessage) => {
      switch (message.kind) {
        case "finding":
          this.#options.report(message.finding);
          break;
        case "entries":
          for (const told of message.entries) onEntry?.(told);
          break;
        case "fetch":
          void this.#fetch(message.task, message.writer, message.place);
          break;
        case "done":
          done.resolve();
          break;
        case "failed":
          this.#failure ??= { error: errorOf(message.error) };
          done.resolve();
          break;
      }
    });
    await orAbort(done.promise, broken.signal);
  }

  /** Whatever happens, the writer gets an answer: the planner counts on it. */
  async #fetch(task: number, writer: number, { pack, offset, length }: TreePlace): Promise<void> {
    let bytes: Uint8Array<ArrayBuffer> | undefined;
    try {
      using _ = await this.#fetches.acquire(this.#signal);
      bytes = ownBytes(await this.#repository.store.get(keyOfFile("data", pack), { range: { offset, length }, signal: this.#signal }));
    } catch (error) {
      if (!isDamage(error)) this.#fail(error);
    }
    const message: FetchedRange = { task, bytes };
    this.#writers[writer]?.postMessage(message, bytes === undefined ? [] : [bytes.buffer]);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    Atomics.store(new Int32Array(this.#stop), 0, 1);
    this.#abort.abort(error);
  }

  async #showProgress(ended: AbortSignal): Promise<void> {
    const { clock, progress, dryRun } = this.#options;
    const show = (): void => {
      const { files, bytes, totalFiles, totalBytes } = restoreTotals(this.#counters);
      progress({
        stage: dryRun ? "Planning" : "Restoring",
        doneBytes: bytes,
        totalBytes: totalBytes === 0 ? undefined : totalBytes,
        doneItems: files,
        totalItems: totalFiles === 0 ? undefined : totalFiles,
      });
    };
    while (!ended.aborted) {
      show();
      await clock.sleep(PROGRESS_EVERY_MS, ended).catch(() => undefined);
    }
    show();
  }
}

async function processIdentity(): Promise<ProcessIdentity> {
  const { geteuid, getegid } = process;
  if (geteuid === undefined || getegid === undefined) {
    throw new DomainError("unsupported", "platform", "Cannot restore here: the system has no users and groups as Linux does");
  }
  // Asking the process for its umask sets it for a moment, in all threads.
  const status = await readFile("/proc/self/status", "latin1");
  const umask = /^Umask:\s*([0-7]+)$/m.exec(status)?.[1];
  return { uid: geteuid(), gid: getegid(), umask: umask === undefined ? USUAL_UMASK : Number.parseInt(umask, 8) };
}
