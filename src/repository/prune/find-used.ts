/**
 * Finds the blobs that trees need. It goes from pack to pack, not from tree to tree: a pack is read once for all the trees in it that are
 * known so far, however many snapshots they belong to, and each tree is read once. The main thread fetches packs, others scan.
 */
import { availableParallelism } from "node:os";
import type { HexId } from "../../base/ids.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { BlobIndex } from "../index/blob-index.ts";
import type { LocalCache } from "../local-cache.ts";
import { loadCached } from "../open-index.ts";
import type { Repository } from "../repository.ts";
import { ownBytes } from "../threads/own-memory.ts";
import { CalledThread, ThreadPool } from "../threads/thread-pool.ts";
import type { EntrySet } from "../index/entry-set.ts";
import { missingBlob, type ScanCalls, type UsedThreadStart } from "./used-scan.ts";

export interface FindUsedOptions {
  readonly repository: Repository;
  readonly index: BlobIndex;
  readonly cache: LocalCache | undefined;
  readonly signal: AbortSignal;
  readonly progress: ProgressSink;
}

/** Each holds a pack, a tree, and what it takes to scan one. */
const MAX_THREADS = 4;
/** Packs that are fetched while all threads are at work. */
const PACKS_AHEAD = 1;

/**
 * Adds to `used` the entries that the index finds for all blobs below the trees, the trees themselves included: one for each blob,
 * however many copies there are. A second call with the same set scans what is new.
 *
 * @returns the blobs that no index names, as missingBlob() writes them
 * @throws {DomainError} corrupt/…: a tree, or the pack it lies in, cannot be read; what the store throws
 */
export async function findUsed(trees: Iterable<HexId>, used: EntrySet, options: FindUsedOptions): Promise<ReadonlySet<string>> {
  await using walk = new TreeWalk(used, options);
  return await walk.run(trees);
}

class TreeWalk implements AsyncDisposable {
  readonly #options: FindUsedOptions;
  readonly #used: EntrySet;
  readonly #threads: ThreadPool<ScanCalls>;
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  /** By pack, the trees that wait to be scanned. */
  readonly #pending = new Map<number, number[]>();
  readonly #running = new Set<Promise<void>>();
  readonly #missing = new Set<string>();
  #scanned = 0;

  constructor(used: EntrySet, options: FindUsedOptions) {
    const { repository, index, signal } = options;
    this.#options = options;
    this.#used = used;
    const start: UsedThreadStart = { index: index.shared, used: used.shared, masterKey: repository.masterKey };
    const limit = Math.min(availableParallelism(), MAX_THREADS);
    this.#threads = new ThreadPool(limit, () => new CalledThread(new URL("used-thread.ts", import.meta.url), start));
    this.#signal = AbortSignal.any([signal, this.#abort.signal]);
  }

  async run(trees: Iterable<HexId>): Promise<ReadonlySet<string>> {
    this.#addRoots(trees);
    while (this.#pending.size > 0 || this.#running.size > 0) {
      const [next] = this.#pending;
      if (next === undefined || this.#running.size >= this.#threads.limit + PACKS_AHEAD) await Promise.race(this.#running);
      else this.#start(...next);
      this.#signal.throwIfAborted();
    }
    return this.#missing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#threads[Symbol.asyncDispose]();
    await Promise.all(this.#running);
  }

  #addRoots(trees: Iterable<HexId>): void {
    for (const tree of trees) {
      const entry = this.#options.index.findHex("tree", tree);
      if (entry < 0) this.#missing.add(missingBlob("tree", tree));
      else if (this.#used.add(entry)) this.#await(entry);
    }
  }

  #await(tree: number): void {
    const pack = this.#options.index.packOf(tree);
    const waiting = this.#pending.get(pack);
    if (waiting === undefined) this.#pending.set(pack, [tree]);
    else waiting.push(tree);
  }

  #start(pack: number, trees: readonly number[]): void {
    this.#pending.delete(pack);
    const task = this.#scan(pack, trees)
      .catch((error: unknown) => this.#abort.abort(error))
      .finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  async #scan(pack: number, trees: readonly number[]): Promise<void> {
    const { repository, index, cache, progress } = this.#options;
    const bytes = ownBytes(await loadCached(repository, "data", index.packId(pack), { cache, signal: this.#signal }));
    const { scanned, elsewhere, missing } = await this.#threads.call(
      "scan",
      { pack, bytes, trees },
      { transfer: [bytes.buffer], signal: this.#signal },
    );
    for (const tree of elsewhere) this.#await(tree);
    for (const blob of missing) this.#missing.add(blob);
    this.#scanned += scanned;
    progress({ stage: "Finding used data", doneBytes: 0, doneItems: this.#scanned });
  }
}
