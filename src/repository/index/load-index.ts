/** Reads all index files of a repository into memory, with threads where that pays. */
import { Worker } from "node:worker_threads";
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import type { MasterKey } from "../format/cipher.ts";
import { BlobIndex } from "./blob-index.ts";
import { IndexReader } from "./index-reader.ts";
import type { IndexWorkerAnswer, IndexWorkerData } from "./index-worker.ts";

export interface SealedIndexFile {
  readonly id: HexId;
  /** As stored. Taken over: the caller must not use it again. */
  readonly sealed: Uint8Array;
}

export interface LoadIndexOptions {
  readonly masterKey: MasterKey;
  /** See BlobIndexOptions; expectedBlobsIn() estimates it. */
  readonly expectedBlobs: number;
  /** Threads beside the calling one, at least 1. */
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
}

export interface DamagedIndexFile {
  readonly id: HexId;
  readonly error: DomainError;
}

export interface LoadedIndex {
  readonly index: BlobIndex;
  /** Files that could not be read, or not to their end: blobs may be missing from the index. */
  readonly damaged: readonly DamagedIndexFile[];
}

/** Sealed bytes that the calling thread reads itself, in about 50 ms: what it takes to start a thread and warm it up. */
const OWN_BYTES = 2 * 1024 * 1024;
/** A thread works on one file while the next is on its way. */
const FILES_PER_THREAD = 2;
/** Stored bytes of index files per blob: an id, and the rest compressed. */
const BYTES_PER_BLOB = 45;

/** An upper estimate of the blobs in index files of that many bytes together. */
export function expectedBlobsIn(indexBytes: number): number {
  return Math.ceil(indexBytes / BYTES_PER_BLOB);
}

/**
 * Takes files only as fast as they are read. A damaged file does not stop it.
 *
 * @throws {DomainError} unsupported/index_too_large, unavailable/out_of_memory; what `files` or the signal throws
 */
export async function loadIndex(files: AsyncIterable<SealedIndexFile>, options: LoadIndexOptions): Promise<LoadedIndex> {
  const { masterKey, expectedBlobs, threads, signal } = options;
  const index = BlobIndex.create({ expectedBlobs });
  const reader = new IndexReader(index, masterKey);
  const damaged: DamagedIndexFile[] = [];
  await using workers = new IndexWorkers({ shared: index.shared, masterKey }, threads);
  let bytesSoFar = 0;
  await forEachConcurrent(files, { limit: threads * FILES_PER_THREAD, signal }, async ({ id, sealed }, workSignal) => {
    try {
      bytesSoFar += sealed.length;
      if (bytesSoFar <= OWN_BYTES) reader.read(sealed);
      else await workers.read(sealed, workSignal);
    } catch (error) {
      if (!(error instanceof DomainError) || !isDamage(error)) throw error;
      damaged.push({ id, error });
    }
  });
  return { index, damaged };
}

/** Whether an error is about one file, and not about the index as a whole. */
function isDamage({ kind, code }: DomainError): boolean {
  return kind === "corrupt" || code === "index_file_format";
}

/** Threads that are started when there is something to read. */
class IndexWorkers implements AsyncDisposable {
  readonly #data: IndexWorkerData;
  readonly #threads: number;
  readonly #workers: IndexWorker[] = [];

  constructor(data: IndexWorkerData, threads: number) {
    this.#data = data;
    this.#threads = threads;
  }

  async read(sealed: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#leastBusy().read(sealed, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map(async (worker) => worker.end()));
  }

  #leastBusy(): IndexWorker {
    const idle = this.#workers.find(({ waiting }) => waiting === 0);
    if (idle !== undefined) return idle;
    if (this.#workers.length < this.#threads) {
      const worker = new IndexWorker(this.#data);
      this.#workers.push(worker);
      return worker;
    }
    return this.#workers.reduce((a, b) => (b.waiting < a.waiting ? b : a));
  }
}

class IndexWorker {
  readonly #worker: Worker;
  /** In the order of the files that were sent. */
  readonly #answers: PromiseWithResolvers<void>[] = [];
  #failure: DomainError | undefined;

  constructor(data: IndexWorkerData) {
    this.#worker = new Worker(new URL("index-worker.ts", import.meta.url), { workerData: data });
    this.#worker.on("message", ({ error }: IndexWorkerAnswer) => {
      const answer = this.#answers.shift();
      if (error === undefined) answer?.resolve();
      else answer?.reject(new DomainError(error.kind, error.code, error.message, { details: error.details }));
    });
    this.#worker.on("error", (cause) => this.#fail(cause));
    this.#worker.on("exit", () => this.#fail(undefined));
  }

  get waiting(): number {
    return this.#answers.length;
  }

  async read(sealed: Uint8Array, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    const answer = Promise.withResolvers<void>();
    const onAbort = (): void => answer.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      this.#answers.push(answer);
      // Memory that other views may look at, such as Node's pool of small buffers, cannot be handed over.
      const own = sealed.byteLength === sealed.buffer.byteLength ? sealed : new Uint8Array(sealed);
      this.#worker.postMessage(own, [own.buffer as ArrayBuffer]);
      await answer.promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(cause: unknown): void {
    this.#failure ??= new DomainError("internal", "index_worker", "Cannot read index files: the thread for it ended", { cause });
    for (const answer of this.#answers.splice(0)) answer.reject(this.#failure);
  }
}
