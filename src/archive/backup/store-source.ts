/**
 * Stores a source, on the main thread: starts a thread that walks and some that read, and stores the packs they make. When it returns
 * everything that the tree needs is stored and indexed, and nothing but a snapshot is missing. Killed before that, it leaves blobs that the
 * next run finds and uses, and from time to time notes what it has finished, so that the next one need not read that again.
 */
import { MessageChannel } from "node:worker_threads";
import type { Clock } from "../../base/clock.ts";
import { orAbort } from "../../base/concurrency.ts";
import { Deadline } from "../../base/deadline.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { ProgressSink } from "../../base/progress.ts";
import { PACK_BYTES, type PackerSettings, packerSettings, type VerifyWrites } from "../../repository/blob-packer.ts";
import type { ChunkerSpec } from "../../repository/chunker/chunker.ts";
import { chunkerOf } from "../../repository/repository-chunker.ts";
import { BlobSet } from "../../repository/index/blob-set.ts";
import { IndexWriter } from "../../repository/index-writer.ts";
import type { Session } from "../../repository/session.ts";
import { WholePacks } from "../../repository/whole-packs.ts";
import type { NodeStyle } from "../stat-node.ts";
import { type CounterTotals, newCounters, totalsOf } from "./counters.ts";
import { type OpenedChannel, PackUploads } from "../../repository/packing/pack-uploads.ts";
import { BackupThreads } from "./backup-threads.ts";
import { CHECKPOINT_INTERVAL, type CheckpointInterval, Checkpoints } from "./checkpoints.ts";
import { type EarlierRun, earlierTrees } from "./earlier-trees.ts";
import { type TreeReply, type TreeRequest, treeUnreadable } from "./parent-trees.ts";
import type { ReaderStart, StoringThread } from "./reader-messages.ts";
import type { Resumption } from "./resumption.ts";
import type { BackupSource } from "./source.ts";
import { PACKS_OF_READER, readerCount } from "../../repository/packing/threads.ts";
import type { CheckpointRequest, WalkerMessage, WalkerStart } from "./walker-messages.ts";

export interface StoreOptions {
  readonly source: BackupSource;
  /** What did not change since is not read again. */
  readonly parent: EarlierRun | undefined;
  /** Where it notes what it has stored; undefined: nowhere. */
  readonly resumption: Resumption | undefined;
  /** Whether it goes on from what runs of the same source that did not end have stored. */
  readonly resume: boolean;
  /** How long packs become. @default PACK_BYTES */
  readonly packBytes?: number | undefined;
  /** @default CHECKPOINT_INTERVAL */
  readonly checkpointInterval?: CheckpointInterval | undefined;
  /** When it aborts, what there is is noted, for a moment, before the reason is thrown. The session's own signal stops at once. */
  readonly stop?: AbortSignal | undefined;
  readonly style: NodeStyle;
  readonly verify: VerifyWrites;
  /** Of this run alone, and ended with it; without them it makes its own. */
  readonly threads?: BackupThreads | undefined;
  /** Threads that read; by processors and memory if not given. Results are the same with any number. */
  readonly readers?: number | undefined;
  readonly clock: Clock;
  readonly report: FindingSink;
  readonly progress: ProgressSink;
}

export interface StoredSource {
  readonly tree: HexId;
  readonly totals: CounterTotals;
  readonly newPacks: ReadonlySet<HexId>;
}

/** Packs in memory: two that are filled, one on its way. */
const PACKS_OF_WALKER = 3;
const PROGRESS_EVERY_MS = 100;
/** For naming what is stored when a run is cancelled or fails: a pod that is told to end has 30 s. */
const RESCUE_MS = 5_000;

/** @param session with a shared lock, that is held until a snapshot names the tree */
export async function storeSource(session: Session, options: StoreOptions): Promise<StoredSource> {
  return new StoringRun(session, options).run();
}

class StoringRun {
  readonly #session: Session;
  readonly #options: StoreOptions;
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  readonly #threads: BackupThreads;
  readonly #packer: PackerSettings;
  readonly #readers: number;
  readonly #counters: SharedArrayBuffer;
  readonly #fresh = BlobSet.create();
  readonly #index: IndexWriter;
  readonly #checkpoints: Checkpoints;
  readonly #channels: OpenedChannel[] = [];
  /** Has the walker store what there is, and gives the tree of it. */
  #storeSoFar: (checkpoint: number) => Promise<HexId | undefined> = () => Promise.resolve(undefined);

  constructor(session: Session, options: StoreOptions) {
    this.#session = session;
    this.#options = options;
    this.#threads = options.threads ?? BackupThreads.onDemand();
    const settings = packerSettings(session.repository, options.verify);
    this.#packer = options.packBytes === undefined ? settings : { ...settings, packBytes: options.packBytes };
    this.#index = new IndexWriter(session.repository.files, options.clock);
    this.#checkpoints = new Checkpoints(options.checkpointInterval ?? CHECKPOINT_INTERVAL, options.clock, (checkpoint) =>
      this.#note(checkpoint).catch((error: unknown) => this.#abort.abort(error)),
    );
    this.#readers = options.readers ?? readerCount(this.#packer.packBytes);
    this.#signal = AbortSignal.any([session.signal, this.#abort.signal]);
    this.#counters = newCounters(this.#readers + 1);
  }

  async run(): Promise<StoredSource> {
    const index: Pick<IndexWriter, "add"> = {
      add: async (pack, options) => {
        await this.#index.add(pack, options);
        if (this.#options.resumption !== undefined) this.#checkpoints.stored(pack.blobs.length);
      },
    };
    using uploads = new PackUploads(this.#session.repository.store, index, this.#signal, (error) => this.#abort.abort(error));
    const progress = this.#showProgress();
    const { stop } = this.#options;
    const onStop = (): void => void this.#stopSoon(stop?.reason);
    stop?.addEventListener("abort", onStop, { once: true });
    try {
      stop?.throwIfAborted();
      const { tree, stored } = this.#start(uploads);
      const id = await this.#orAborted(tree);
      await this.#orAborted(stored);
      await this.#orAborted(this.#checkpoints.end());
      await this.#index.flush({ signal: this.#signal });
      return { tree: id, totals: totalsOf(this.#counters), newPacks: this.#index.packs };
    } catch (error) {
      this.#abort.abort(error);
      await this.#nameStored();
      throw error;
    } finally {
      stop?.removeEventListener("abort", onStop);
      this.#abort.abort();
      await Promise.all([progress, this.#threads[Symbol.asyncDispose]()]);
    }
  }

  /** `stored`: every pack of every thread is. */
  #start(uploads: PackUploads): { readonly tree: Promise<HexId>; readonly stored: Promise<unknown> } {
    const flushed: Promise<void>[] = [];
    const fail = (error: unknown): void => this.#abort.abort(error);
    const threadStart = (buffers: number, packBytes: number, counterRow: number): StoringThread => {
      const opened = uploads.open(buffers, packBytes);
      this.#channels.push(opened);
      flushed.push(opened.flushed());
      return {
        packer: this.#packer,
        index: this.#session.index.shared,
        fresh: this.#fresh.shared,
        packs: opened.channel,
        counters: this.#counters,
        counterRow,
        style: this.#options.style,
      };
    };
    const requests = Array.from({ length: this.#readers }, (_, row) => {
      const { port1, port2 } = new MessageChannel();
      const start: ReaderStart = {
        ...threadStart(PACKS_OF_READER, this.#packer.packBytes, row),
        chunker: this.#chunker(),
        requests: port2,
      };
      this.#threads.reader().start(start, [port2, start.packs.port], fail);
      return port1;
    });
    const start: WalkerStart = {
      ...threadStart(PACKS_OF_WALKER, PACK_BYTES, this.#readers),
      source: this.#options.source,
      readers: requests,
      trees: this.#serveTrees(),
      earlier: earlierTrees(this.#options.parent, this.#options.resume ? (this.#options.resumption?.usable ?? []) : []),
      forcedCutBytes: this.#forcedCutBytes(),
    };
    const walker = this.#threads.walker().start(start, [...requests, start.trees, start.packs.port], fail);
    const { promise: tree, resolve } = Promise.withResolvers<HexId>();
    walker.on("message", (message: WalkerMessage) => {
      if (message.kind === "finding") this.#options.report(message.finding);
      else if (message.kind === "checkpoint") reachCheckpoint(message.tree);
      else resolve(message.tree);
    });
    let reachCheckpoint: (tree: HexId | undefined) => void = () => undefined;
    this.#storeSoFar = (checkpoint) => {
      const reached = Promise.withResolvers<HexId | undefined>();
      reachCheckpoint = reached.resolve;
      walker.postMessage({ checkpoint } satisfies CheckpointRequest);
      return reached.promise;
    };
    return { tree, stored: Promise.all(flushed) };
  }

  /** Answers the walker's questions for trees of the parent; what cannot be read is walked as if it were new. */
  #serveTrees(): MessageChannel["port1"] {
    const { port1, port2 } = new MessageChannel();
    const packs = new WholePacks(this.#session.repository, this.#session.cache);
    const answer = async ({ id, pack, offset, length }: TreeRequest): Promise<void> => {
      const sealed = await packs.read(pack, offset, length, { signal: this.#signal });
      port1.postMessage({ id, sealed } satisfies TreeReply, [sealed.buffer]);
    };
    port1.on("message", (request: TreeRequest) => {
      answer(request).catch((error: unknown) => {
        if (this.#signal.aborted) return;
        this.#options.report(treeUnreadable(request.id, request.pack, error));
        port1.postMessage({ id: request.id, sealed: undefined } satisfies TreeReply);
      });
    });
    return port2;
  }

  #chunker(): ChunkerSpec {
    return chunkerOf(this.#session.repository);
  }

  /**
   * Whatever a thread had sealed or sent before the walker put the tree together was sent before the thread says that it has flushed. So
   * when all packs from before are stored and the index names them, it has every blob below the tree.
   */
  async #note(checkpoint: number): Promise<void> {
    const flushed = Promise.all(this.#channels.map((channel) => channel.flushed(checkpoint)));
    const tree = await this.#storeSoFar(checkpoint);
    if (tree === undefined) return;
    await flushed;
    await this.#index.flush({ signal: this.#signal });
    await this.#options.resumption?.note(tree, { signal: this.#signal });
  }

  /** What is finished is noted, if that is quick. */
  async #stopSoon(reason: unknown): Promise<void> {
    using deadline = new Deadline(this.#options.clock, RESCUE_MS);
    if (this.#options.resumption !== undefined) await orAbort(this.#checkpoints.now(), deadline.signal).catch(() => undefined);
    this.#abort.abort(reason);
  }

  /** Without a lock nothing is written any more: a prune may have taken the packs for garbage. */
  async #nameStored(): Promise<void> {
    using deadline = new Deadline(this.#options.clock, RESCUE_MS);
    try {
      this.#session.throwIfLost();
      await this.#index.rescue(deadline);
    } catch {
      // What ended the run is what is told; the next one sends again what has no name.
    }
  }

  #forcedCutBytes(): number | undefined {
    const chunker = this.#chunker();
    return chunker.kind === "gear" ? chunker.forcedCut : undefined;
  }

  async #showProgress(): Promise<void> {
    const { clock, progress } = this.#options;
    const show = (): void => {
      const { files, bytes } = totalsOf(this.#counters);
      progress({ stage: "Backing up", doneBytes: bytes, doneItems: files });
    };
    while (!this.#signal.aborted) {
      show();
      await clock.sleep(PROGRESS_EVERY_MS, this.#signal).catch(() => undefined);
    }
    show();
  }

  async #orAborted<T>(value: Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(this.#signal.reason);
    this.#signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([value, aborted.promise]);
    } finally {
      this.#signal.removeEventListener("abort", onAbort);
    }
  }
}
