/** The threads of one copy, and what the main thread does for them: fetches trees and pieces of packs, and stores the packs they make. */
import { MessageChannel, type MessagePort, type Worker } from "node:worker_threads";
import type { Clock } from "../../base/clock.ts";
import { forEachConcurrent, orAbort } from "../../base/concurrency.ts";
import { asDomainError, DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import type { ProgressSink } from "../../base/progress.ts";
import { PACK_BYTES, type PackerCounters, type PackerSettings, packerSettings, type VerifyWrites } from "../blob-packer.ts";
import { BlobSet } from "../index/blob-set.ts";
import { IndexWriter } from "../index-writer.ts";
import { keyOfFile } from "../layout.ts";
import { PackUploads } from "../packing/pack-uploads.ts";
import { PACKS_OF_READER, readerCount, startThread } from "../packing/threads.ts";
import { loadFile } from "../sealed-files.ts";
import type { Session } from "../session.ts";
import { TreePacks } from "../tree-packs.ts";
import { Conversation } from "./conversation.ts";
import type {
  BlobFault,
  BlobReply,
  BlobRequest,
  CopyThreadStart,
  FailedEntry,
  SealedTree,
  TreePlace,
  WalkReply,
  WalkRequest,
  WalkThreadStart,
} from "./messages.ts";
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
const NO_COUNTERS: PackerCounters = { newBlobs: 0, newBytes: 0, storedBytes: 0 };
const ID_BYTES = 32;

export class CopyRun implements AsyncDisposable {
  readonly signal: AbortSignal;
  readonly #from: Session;
  readonly #to: Session;
  readonly #options: CopyRunOptions;
  readonly #abort = new AbortController();
  readonly #threads: Worker[] = [];
  readonly #index: IndexWriter;
  readonly #uploads: PackUploads;
  readonly #flushed: (() => Promise<void>)[] = [];
  readonly #fresh = BlobSet.create();
  readonly #wholePacks = new Map<number, boolean>();
  readonly #packer: PackerSettings;
  readonly #walker: Conversation<WalkRequest, WalkReply>;
  readonly #copiers: readonly Conversation<BlobRequest, BlobReply>[];
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
    this.#copiers = Array.from({ length: options.dryRun ? 0 : readerCount(this.#packer.packBytes) }, () => this.#startCopier());
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
    const walked = await orAbort(this.#walker.ask({ kind: "walk", tree }), this.signal);
    if (walked.kind !== "walked") throw new RangeError(`Cannot copy: the walking thread answered "${walked.kind}"`);
    const { wanted, faults } = walked;
    const wantedBytes = wanted.reduce((sum, entry) => sum + this.#from.index.lengthOf(entry), 0);
    this.#totalBytes += walked.treeBytes + wantedBytes;
    this.#read(walked.treeBytes);
    if (faults.length > 0) {
      this.#walker.tell({ kind: "failed", entries: [...wanted] });
      return faults;
    }
    if (this.#options.dryRun) this.#read(wantedBytes);
    const failed = this.#options.dryRun ? [] : await this.#copyData(wanted);
    if (failed.length > 0) this.#walker.tell({ kind: "failed", entries: failed.map(({ entry }) => entry) });
    else this.#doneSnapshots++;
    this.#show();
    return failed.map(({ entry, reason }) => ({ type: "data", id: this.#from.index.idOf(entry), reason }));
  }

  /** Returns when everything is stored and indexed. */
  async flush(): Promise<void> {
    const stored = this.#flushed.map((flushed) => flushed());
    const counters = await orAbort(Promise.all([this.#flushWalker(), ...(await this.#flushCopiers())]), this.signal);
    await orAbort(Promise.all(stored), this.signal);
    await this.#index.flush({ signal: this.signal });
    this.#bytesWritten = counters.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
    this.#unflushedBytes = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#threads.map(async (thread) => thread.terminate()));
    this.#uploads[Symbol.dispose]();
  }

  async #copyData(wanted: Uint32Array<ArrayBuffer>): Promise<FailedEntry[]> {
    const failed: FailedEntry[] = [];
    const limit = this.#copiers.length * RANGES_OF_THREAD;
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
    let bytes: Uint8Array;
    try {
      bytes = await this.#from.repository.store.get(key, { range: { offset, length }, signal });
    } catch (error) {
      if (!isDamage(error)) throw error;
      return Array.from(entries, (entry) => ({ entry, reason: error.message }));
    }
    // Memory that other views may look at, such as Node's pool of small buffers, cannot be handed over.
    const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
    const idlest = this.#copiers.reduce((least, other) => (other.waiting < least.waiting ? other : least));
    const reply = await orAbort(idlest.ask({ kind: "range", bytes: own, offset, entries }, [own.buffer as ArrayBuffer]), signal);
    return reply.kind === "range" ? reply.failed : [];
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

  async #flushWalker(): Promise<PackerCounters> {
    const reply = await this.#walker.ask({ kind: "flush" });
    return reply.kind === "flushed" ? reply.counters : NO_COUNTERS;
  }

  /** What all have in unfinished packs goes to the first, so that few packs are left that are not full. */
  async #flushCopiers(): Promise<Promise<PackerCounters>[]> {
    const [first, ...others] = this.#copiers;
    const replies = await orAbort(Promise.all(others.map((copier) => copier.ask({ kind: "take-rests" }))), this.signal);
    const rests = replies.flatMap((reply) => (reply.kind === "rests" ? reply.rests : []));
    const flush = async (copier: Conversation<BlobRequest, BlobReply>, given: typeof rests): Promise<PackerCounters> => {
      const reply = await copier.ask(
        { kind: "flush", rests: given },
        given.map(({ buffer }) => buffer),
      );
      return reply.kind === "flushed" ? reply.counters : NO_COUNTERS;
    };
    return first === undefined ? [] : [flush(first, rests), ...others.map((copier) => flush(copier, []))];
  }

  #startCopier(): Conversation<BlobRequest, BlobReply> {
    const { start, port } = this.#threadStart(PACKS_OF_READER, this.#packer.packBytes);
    this.#startThread("./blob-thread.ts", start, [start.requests, start.packs.port]);
    return new Conversation(port);
  }

  #startWalker(): Conversation<WalkRequest, WalkReply> {
    const { start, port } = this.#threadStart(PACKS_OF_WALKER, PACK_BYTES);
    const walkStart: WalkThreadStart = { ...start, trees: this.#serveTrees(), dryRun: this.#options.dryRun };
    this.#startThread("./walk-thread.ts", walkStart, [start.requests, start.packs.port, walkStart.trees]);
    return new Conversation(port);
  }

  #threadStart(packs: number, packBytes: number): { readonly start: CopyThreadStart; readonly port: MessagePort } {
    const { port1, port2 } = new MessageChannel();
    const { channel, flushed } = this.#uploads.open(packs, packBytes);
    this.#flushed.push(flushed);
    const start: CopyThreadStart = {
      source: { masterKey: this.#from.repository.masterKey, index: this.#from.index.shared },
      target: { packer: this.#packer, index: this.#to.index.shared, fresh: this.#fresh.shared },
      packs: channel,
      requests: port2,
    };
    return { start, port: port1 };
  }

  #startThread(file: string, start: CopyThreadStart, ports: readonly MessagePort[]): void {
    this.#threads.push(startThread(new URL(file, import.meta.url), start, ports, (error) => this.#abort.abort(error)));
  }

  #serveTrees(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    const packs = new TreePacks(this.#from.repository, this.#from.cache);
    const read = async ({ entry }: TreePlace): Promise<void> => {
      try {
        const sealed = await this.#readTree(packs, entry);
        port1.postMessage({ entry, sealed } satisfies SealedTree, [sealed.buffer]);
      } catch (error) {
        if (!isDamage(error)) throw error;
        port1.postMessage({ entry, sealed: { unreadable: error.message } } satisfies SealedTree);
      }
    };
    port1.on("message", (place: TreePlace) => {
      read(place).catch((error: unknown) => this.#abort.abort(asDomainError(error)));
    });
    return port2;
  }

  /** A pack that is damaged somewhere may still have this tree. */
  async #readTree(packs: TreePacks, entry: number): Promise<Uint8Array<ArrayBuffer>> {
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

/** Whether it is about what was asked for, and not about the store as a whole. */
function isDamage(error: unknown): error is DomainError {
  return error instanceof DomainError && (error.kind === "corrupt" || error.code === "object_not_found");
}
