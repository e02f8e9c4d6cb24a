/**
 * The planner's end of the writing threads. Files are collected until they are worth reading packs for; then each part of a pack that they
 * need is fetched once, and everything made of it is one task. What lies at a place that turns out damaged is looked for at others.
 */
import type { MessagePort } from "node:worker_threads";
import type { BlobIndex } from "../../repository/index/blob-index.ts";
import { type BlobRange, blobRanges } from "./blob-ranges.ts";
import type { WriteReply } from "./messages.ts";
import type { PieceFile } from "./piece-file.ts";
import type { WaitingFolders } from "./target-folder.ts";
import type { TreePlace } from "./trees.ts";
import { type BlobUse, settleTask, type TaskParts, type WholeFile, type WriteOutcome, writeTask } from "./write-task.ts";

interface Writer {
  readonly port: MessagePort;
  load: number;
}

interface RunningTask extends TaskParts {
  readonly writer: Writer;
  readonly load: number;
  readonly bytes: number;
}

export interface WriteQueueParts {
  readonly index: BlobIndex;
  readonly writers: readonly MessagePort[];
  /** How many of them are enough for work that does not wait for the disk. */
  readonly busyWriters: number;
  readonly fetch: (task: number, writer: number, place: TreePlace) => void;
  readonly outcome: WriteOutcome;
  readonly waiting: WaitingFolders;
}

/** So much is collected: the packs that a backup fills at the same time, so that each is read once. */
const WINDOW_BYTES = 32 << 20;
const WINDOW_FILES = 8192;
const WINDOW_PIECES = 65_536;
/** Sealed bytes on their way to writers or at them. */
const MAX_BYTES_UNDER_WAY = 40 << 20;
/** Files of one blob or none, likewise. */
const MAX_FILES_UNDER_WAY = 8192;
/** What making a file costs, in bytes that could be written instead. */
const FILE_LOAD = 32 << 10;
/** Each has an open handle. */
const MAX_PIECE_FILES = 256;
const MAX_WAITING_FOLDERS = 256;
const EMPTY_FILES_AT_ONCE = 1024;
const ID_BYTES = 32;
const NONE_FAILED: readonly number[] = [];

export class WriteQueue {
  readonly #parts: WriteQueueParts;
  readonly #writers: readonly Writer[];
  #window = new Map<number, BlobUse>();
  #emptyFiles: WholeFile[] = [];
  #windowBytes = 0;
  #windowFiles = 0;
  #windowPieces = 0;
  #pieceFiles = 0;
  #lastTask = 0;
  readonly #running = new Map<number, RunningTask>();
  #bytesUnderWay = 0;
  #filesUnderWay = 0;
  #failure: { readonly error: unknown } | undefined;
  #whenReply: (() => void) | undefined;

  constructor(parts: WriteQueueParts) {
    this.#parts = parts;
    this.#writers = parts.writers.map((port) => {
      port.on("message", (reply: WriteReply) => this.#receive(reply));
      return { port, load: 0 };
    });
  }

  /** @param entry of its blob in the index; undefined: it is empty */
  addFile(file: WholeFile, entry: number | undefined): void {
    file.folder.hold();
    this.#windowFiles++;
    if (entry === undefined) this.#emptyFiles.push(file);
    else this.#use(entry).files.push(file);
  }

  addPiece(file: PieceFile, entry: number, offset: number): void {
    file.addPiece();
    this.#windowPieces++;
    this.#use(entry).pieces.push({ file, offset });
  }

  /** Takes note of a file that gets pieces; settled() says that it got all. */
  opened(): void {
    this.#pieceFiles++;
  }

  settled(): void {
    this.#pieceFiles--;
  }

  /** Whether makeRoom() must be called before more is added. */
  get isFull(): boolean {
    return (
      this.#windowBytes >= WINDOW_BYTES ||
      this.#windowFiles >= WINDOW_FILES ||
      this.#windowPieces >= WINDOW_PIECES ||
      this.#pieceFiles >= MAX_PIECE_FILES ||
      this.#parts.waiting.count >= MAX_WAITING_FOLDERS ||
      this.#failure !== undefined
    );
  }

  async makeRoom(): Promise<void> {
    await this.#flush();
    await this.#until(() => this.#pieceFiles < MAX_PIECE_FILES && this.#parts.waiting.count < MAX_WAITING_FOLDERS);
  }

  /** Until everything that was added is made, or has failed. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#until(() => this.#running.size === 0);
  }

  /** After a failure: until the writers are done with what they are at. What was not begun fails. */
  async abandon(error: unknown): Promise<void> {
    this.#failure ??= { error };
    const uses = Array.from(this.#window.values());
    this.#window = new Map();
    for (const { file } of uses.flatMap(({ pieces }) => pieces)) this.#settlePiece(file, error);
    for (const { folder } of [...this.#emptyFiles, ...uses.flatMap(({ files }) => files)]) folder.release();
    while (this.#running.size > 0) await this.#reply();
  }

  #use(entry: number): BlobUse {
    return this.#window.getOrInsertComputed(entry, () => {
      const use = this.#useOf(entry);
      this.#windowBytes += use.length;
      return use;
    });
  }

  #useOf(entry: number, failed = NONE_FAILED, from?: BlobUse): BlobUse {
    const { index } = this.#parts;
    return {
      entry,
      pack: index.packOf(entry),
      offset: index.offsetOf(entry),
      length: index.lengthOf(entry),
      files: from?.files ?? [],
      pieces: from?.pieces ?? [],
      failed,
    };
  }

  async #flush(): Promise<void> {
    const uses = Array.from(this.#window.values());
    const emptyFiles = this.#emptyFiles;
    this.#emptyFiles = [];
    this.#windowBytes = 0;
    this.#windowFiles = 0;
    this.#windowPieces = 0;
    const ranges = blobRanges(uses);
    for (const range of ranges) {
      await this.#until(() => this.#bytesUnderWay < MAX_BYTES_UNDER_WAY && this.#filesUnderWay < MAX_FILES_UNDER_WAY);
      // What was not sent can still be abandoned.
      for (const { entry } of range.blobs) this.#window.delete(entry);
      this.#sendRange(range);
    }
    for (let at = 0; at < emptyFiles.length; at += EMPTY_FILES_AT_ONCE) {
      await this.#until(() => this.#bytesUnderWay < MAX_BYTES_UNDER_WAY && this.#filesUnderWay < MAX_FILES_UNDER_WAY);
      this.#send(undefined, emptyFiles.slice(at, at + EMPTY_FILES_AT_ONCE));
    }
  }

  #sendRange(range: BlobRange<BlobUse>): void {
    this.#send(range, []);
  }

  #send(range: BlobRange<BlobUse> | undefined, emptyFiles: readonly WholeFile[]): void {
    const uses = range?.blobs ?? [];
    const parts: TaskParts = {
      uses,
      files: [...emptyFiles, ...uses.flatMap((use) => use.files)],
      pieces: uses.flatMap((use) => use.pieces),
    };
    const { busyWriters } = this.#parts;
    const writers = parts.pieces.length > 0 ? this.#writers : this.#writers.slice(0, busyWriters);
    const writer = writers.reduce((least, other) => (other.load < least.load ? other : least));
    const bytes = range?.length ?? 0;
    const load = bytes + parts.files.length * FILE_LOAD;
    const task = ++this.#lastTask;
    this.#running.set(task, { ...parts, writer, load, bytes });
    this.#bytesUnderWay += bytes;
    this.#filesUnderWay += parts.files.length;
    writer.load += load;
    const message = writeTask(task, parts, range?.offset);
    writer.port.postMessage(message, [message.nodes.buffer]);
    if (range === undefined) return;
    const pack = this.#parts.index.packId(range.pack);
    this.#parts.fetch(task, this.#writers.indexOf(writer), { pack, offset: range.offset, length: range.length });
  }

  #receive(reply: WriteReply): void {
    const running = this.#running.get(reply.task);
    if (running === undefined) return;
    this.#running.delete(reply.task);
    this.#bytesUnderWay -= running.bytes;
    this.#filesUnderWay -= running.files.length;
    running.writer.load -= running.load;
    try {
      settleTask(running, reply, this.#parts.outcome, (use) => this.#isRetried(running, use));
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#whenReply?.();
  }

  /** Of a range that cannot be had as a whole, each blob is fetched for itself; then come the blob's other places. */
  #isRetried({ uses }: RunningTask, use: BlobUse): boolean {
    if (this.#failure !== undefined) return false;
    const { index } = this.#parts;
    if (uses.length > 1) {
      for (const range of blobRanges([use])) this.#sendRange(range);
      return true;
    }
    const id = new Uint8Array(ID_BYTES);
    index.idInto(use.entry, id, 0);
    const failed = [...use.failed, use.entry];
    const other = index.locations("data", id, 0).find((entry) => !failed.includes(entry));
    if (other === undefined) return false;
    for (const range of blobRanges([this.#useOf(other, failed, use)])) this.#sendRange(range);
    return true;
  }

  #settlePiece(file: PieceFile, error: unknown): void {
    file.fail(error);
    file.settle();
  }

  /** Throws what stops everything, if there is that. */
  async #until(isSo: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      if (isSo()) return;
      await this.#reply();
    }
  }

  async #reply(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenReply = resolve;
    await promise;
  }
}
