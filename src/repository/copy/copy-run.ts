/** The threads of one copy, and what the main thread does for them: fetches trees and pieces of packs, and stores the packs they make. */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { Clock } from "../../base/clock.ts";
import { forEachConcurrent, orAbort } from "../../base/concurrency.ts";
import type { HexId } from "../../base/ids.ts";
import type { ProgressSink } from "../../base/progress.ts";
import { PACK_BYTES, type PackerCounters, type PackerSettings, packerSettings, type VerifyWrites } from "../blob-packer.ts";
import { BlobSet } from "../index/blob-set.ts";
import { IndexWriter } from "../index-writer.ts";
import { keyOfFile } from "../layout.ts";
import { PackUploads } from "../packing/pack-uploads.ts";
import { PACKS_OF_READER, readerCount } from "../packing/threads.ts";
import { loadFile } from "../sealed-files.ts";
import type { Session } from "../session.ts";
import { answerCalls, HandedOver } from "../threads/calls.ts";
import { ownBytes } from "../threads/own-memory.ts";
import { CalledThread, ThreadPool } from "../threads/thread-pool.ts";
import { WholePacks } from "../whole-packs.ts";
import type { BlobFault, CopyThreadStart, DataCalls, FailedEntry, TreeCalls, WalkCalls, WalkThreadStart } from "./copy-calls.ts";
import { isDamage } from "./damage.ts";
import { type PackRange, packRanges } from "./pack-ranges.ts";

export interface CopyRunOptions {
  readonly dryRun: boolean;
  readonly verify: VerifyWrites;
  readonly clock: Clock;
  readonly progress: ProgressSink;
  /** How many there are in all. */
  readonly snapshots: number;
}

/** Packs of trees in memory: they are so few that they can wait for one that is on its way. */
const PACKS_OF_WALKER = 2;
/** Pieces of packs in memory for each thread: one in work, one that waits, one on its way. */
const RANGES_OF_THREAD = 3;
const ID_BYTES = 32;

export class CopyRun implements AsyncDisposable {
  readonly signal: AbortSignal;
  readonly #from: Session;
  readonly #to: Session;
  readonly #options: CopyRunOptions;
  readonly #abort = new AbortController();
  readonly #index: IndexWriter;
  readonly #uploads: PackUploads;
  readonly #flushed: (() => Promise<void>)[] = [];
  readonly #fresh = BlobSet.create();
  readonly #wholePacks = new Map<number, boolean>();
  readonly #packer: PackerSettings;
  readonly #walker: CalledThread<WalkCalls>;
  readonly #copiers: ThreadPool<DataCalls>;
  #doneSnapshots = 0;
  #totalBytes = 0;
  #bytesRead = 0;
  #bytesWritten = 0;
  #unflushedBytes = 0;

  constructor(from: Session, to: Session, options: CopyRunOptions) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
    this.signal = AbortSignal.any([from.signal, to.signal, this.#abort.signal]);
    this.#index = new IndexWriter(to.repository.files, options.clock);
    this.#uploads = new PackUploads(to.repository.store, this.#index, this.signal, (error) => this.#abort.abort(error));
    this.#packer = packerSettings(to.repository, options.verify);
    this.#copiers = new ThreadPool(readerCount(this.#packer.packBytes), () => this.#startCopier());
    this.#walker = this.#startWalker();
  }

  /** Sealed bytes of blobs. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Up to the last flush(). */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** Those that are stored so far. */
  get newPacks(): ReadonlySet<HexId> {
    return this.#index.packs;
  }

  /** How much was read since the last flush(), which is about what was written. */
  get unflushedBytes(): number {
    return this.#unflushedBytes;
  }

  /** Copies a tree and all below. Gives what could not be had; then nothing of it counts as copied for the trees that follow. */
  async copyTree(tree: HexId): Promise<readonly BlobFault[]> {
    this.#show();
    const { signal } = this;
    const { wanted, faults, treeBytes } = await this.#walker.call("walk", tree, { signal });
    const wantedBytes = wanted.reduce((sum, entry) => sum + this.#from.index.lengthOf(entry), 0);
    this.#totalBytes += treeBytes + wantedBytes;
    this.#read(treeBytes);
    if (faults.length > 0) {
      await this.#walker.call("forget", [...wanted], { signal });
      return faults;
    }
    if (this.#options.dryRun) this.#read(wantedBytes);
    const failed = this.#options.dryRun ? [] : await this.#copyData(wanted);
    const failedEntries = failed.map(({ entry }) => entry);
    if (failed.length > 0) await this.#walker.call("forget", failedEntries, { signal });
    else this.#doneSnapshots++;
    this.#show();
    return failed.map(({ entry, reason }) => ({ type: "data", id: this.#from.index.idOf(entry), reason }));
  }

  /** Returns when everything is stored and indexed. */
  async flush(): Promise<void> {
    const { signal } = this;
    const stored = this.#flushed.map((flushed) => flushed());
    const counters = await Promise.all([this.#walker.call("flush", undefined, { signal }), this.#flushCopiers()]);
    await orAbort(Promise.all(stored), signal);
    await this.#index.flush({ signal });
    this.#bytesWritten = counters.flat().reduce((sum, { storedBytes }) => sum + storedBytes, 0);
    this.#unflushedBytes = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await Promise.all([this.#walker, this.#copiers].map(async (threads) => threads[Symbol.asyncDispose]()));
    this.#uploads[Symbol.dispose]();
  }

  async #copyData(wanted: Uint32Array<ArrayBuffer>): Promise<FailedEntry[]> {
    const failed: FailedEntry[] = [];
    const limit = this.#copiers.limit * RANGES_OF_THREAD;
    await forEachConcurrent(packRanges(this.#from.index, wanted), { limit, signal: this.signal }, async (range, signal) => {
      const length = range.entries.reduce((sum, entry) => sum + this.#from.index.lengthOf(entry), 0);
      for (const fault of await this.#copyRange(range, signal)) {
        if (!(await this.#copyOtherwise(fault.entry, signal))) failed.push(fault);
      }
      this.#read(length);
      this.#show();
    });
    return failed;
  }

  /** Gives the blobs of it that are damaged, which may be all. */
  async #copyRange({ pack, offset, length, entries }: PackRange, signal: AbortSignal): Promise<readonly FailedEntry[]> {
    const key = keyOfFile("data", this.#from.index.packId(pack));
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = ownBytes(await this.#from.repository.store.get(key, { range: { offset, length }, signal }));
    } catch (error) {
      if (!isDamage(error)) throw error;
      return Array.from(entries, (entry) => ({ entry, reason: error.message }));
    }
    return this.#copiers.call("copy", { bytes, offset, entries }, { transfer: [bytes.buffer], signal });
  }

  /** Tries the pack as a whole, which a store that keeps versions may have as it was, and then the other packs that have the blob. */
  async #copyOtherwise(entry: number, signal: AbortSignal): Promise<boolean> {
    const { index } = this.#from;
    if ((await this.#isWhole(index.packOf(entry), signal)) && (await this.#copyOne(entry, signal))) return true;
    const id = new Uint8Array(ID_BYTES);
    index.idInto(entry, id, 0);
    for (const other of index.locations("data", id, 0)) {
      if (other !== entry && (await this.#copyOne(other, signal))) return true;
    }
    return false;
  }

  async #copyOne(entry: number, signal: AbortSignal): Promise<boolean> {
    const { index } = this.#from;
    const range = { pack: index.packOf(entry), offset: index.offsetOf(entry), length: index.lengthOf(entry) };
    return (await this.#copyRange({ ...range, entries: Uint32Array.of(entry) }, signal)).length === 0;
  }

  /** Whether the pack has the right bytes when all of it is asked for: found out once. */
  async #isWhole(pack: number, signal: AbortSignal): Promise<boolean> {
    const known = this.#wholePacks.get(pack);
    if (known !== undefined) return known;
    let isWhole = true;
    try {
      await loadFile(this.#from.repository.store, "data", this.#from.index.packId(pack), { signal });
    } catch (error) {
      if (!isDamage(error)) throw error;
      isWhole = false;
    }
    this.#wholePacks.set(pack, isWhole);
    return isWhole;
  }

  /** What all have in unfinished packs goes to the first, so that few packs are left that are not full. */
  async #flushCopiers(): Promise<readonly PackerCounters[]> {
    const { signal } = this;
    const [first, ...others] = this.#copiers.threads;
    if (first === undefined) return [];
    const rests = (await Promise.all(others.map(async (copier) => copier.call("takeRests", undefined, { signal })))).flat();
    const transfer = rests.map(({ buffer }) => buffer);
    return Promise.all([
      first.call("flush", rests, { transfer, signal }),
      ...others.map(async (copier) => copier.call("flush", [], { signal })),
    ]);
  }

  #startCopier(): CalledThread<DataCalls> {
    const start = this.#threadStart(PACKS_OF_READER, this.#packer.packBytes);
    return new CalledThread(new URL("data-thread.ts", import.meta.url), start, [start.packs.port]);
  }

  #startWalker(): CalledThread<WalkCalls> {
    const packs = this.#threadStart(PACKS_OF_WALKER, PACK_BYTES);
    const start: WalkThreadStart = { ...packs, trees: this.#serveTrees(), dryRun: this.#options.dryRun };
    return new CalledThread(new URL("walk-thread.ts", import.meta.url), start, [start.packs.port, start.trees]);
  }

  #threadStart(packs: number, packBytes: number): CopyThreadStart {
    const { channel, flushed } = this.#uploads.open(packs, packBytes);
    this.#flushed.push(flushed);
    return {
      source: { masterKey: this.#from.repository.masterKey, index: this.#from.index.shared },
      target: { packer: this.#packer, index: this.#to.index.shared, fresh: this.#fresh.shared },
      packs: channel,
    };
  }

  #serveTrees(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    const packs = new WholePacks(this.#from.repository, this.#from.cache);
    answerCalls<TreeCalls>(port1, {
      tree: async (entry) => {
        const sealed = await this.#readTree(packs, entry);
        return new HandedOver(sealed, [sealed.buffer]);
      },
    });
    return port2;
  }

  /** A pack that is damaged somewhere may still have this tree. */
  async #readTree(packs: WholePacks, entry: number): Promise<Uint8Array<ArrayBuffer>> {
    const { index, repository } = this.#from;
    const [pack, offset, length] = [index.packId(index.packOf(entry)), index.offsetOf(entry), index.lengthOf(entry)];
    try {
      return await packs.read(pack, offset, length, { signal: this.signal });
    } catch (error) {
      if (!isDamage(error)) throw error;
      return new Uint8Array(await repository.store.get(keyOfFile("data", pack), { range: { offset, length }, signal: this.signal }));
    }
  }

  #read(bytes: number): void {
    this.#bytesRead += bytes;
    this.#unflushedBytes += bytes;
  }

  #show(): void {
    this.#options.progress({
      stage: "Copying",
      doneBytes: this.#bytesRead,
      totalBytes: this.#totalBytes,
      doneItems: this.#doneSnapshots,
      totalItems: this.#options.snapshots,
    });
  }
}
