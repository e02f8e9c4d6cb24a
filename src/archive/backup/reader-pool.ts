/** The walking thread's end of the reading threads: hands out files in batches to whoever has least to do, and waits when all have enough. */
import type { MessagePort } from "node:worker_threads";
import type { PackRest } from "../../repository/pack-buffer.ts";
import type { FolderFd } from "../folder-handle.ts";
import type { SealedTree } from "./parent-trees.ts";
import type { FileToRead, ReaderReply, ReaderRequest, ReadFile, ReadRange, WholeFile } from "./reader-messages.ts";

interface QueuedFile {
  readonly file: WholeFile;
  readonly done: (result: ReadFile) => void;
}

interface Reader {
  readonly port: MessagePort;
  /** What it was given and has not answered, in bytes and a share for each file. */
  load: number;
}

interface Batch {
  readonly reader: Reader;
  readonly load: number;
  readonly done: (reply: ReaderReply) => void;
}

/** A batch is sent with so many files, or so many bytes. */
const BATCH_FILES = 128;
const BATCH_BYTES = 4 << 20;
/** Of a file that is read without a look at its length: a batch of them is still no more than 32 MiB. */
const SHORT_FILE_BYTES = 256 << 10;
/** What opening a file costs beside reading it. */
const FILE_LOAD = 32 << 10;
/** What comparing a folder costs, in bytes that could be read meanwhile. */
const COMPARE_LOAD = 512 << 10;
/** A reader with so much to do needs no more: enough that it never waits for the walker. */
const ENOUGH_LOAD = 12 << 20;

export class ReaderPool {
  readonly #readers: readonly Reader[];
  readonly #batches = new Map<number, Batch>();
  #lastBatch = 0;
  #files: QueuedFile[] = [];
  #bytes = 0;
  readonly #rests: ((rests: readonly PackRest[]) => void)[] = [];
  /** What is to be sent when there is room. */
  readonly #deferred: (() => void)[] = [];
  /** Who waits for the next answer. */
  readonly #waiting: (() => void)[] = [];

  constructor(ports: readonly MessagePort[]) {
    this.#readers = ports.map((port) => {
      port.on("message", (reply: ReaderReply) => this.#receive(reply));
      return { port, load: 0 };
    });
  }

  readFile(file: FileToRead, sizeBytes: number, done: (result: ReadFile) => void): void {
    this.#queue({ file: { ...file, atMostBytes: Infinity }, done }, sizeBytes);
  }

  /** A file of unknown length, to be read if it is a short one, as most are: then nobody has to look at it before. */
  readShortFile(file: FileToRead, done: (result: ReadFile) => void): void {
    this.#queue({ file: { ...file, atMostBytes: SHORT_FILE_BYTES }, done }, 0);
  }

  #queue(file: QueuedFile, sizeBytes: number): void {
    this.#files.push(file);
    this.#bytes += sizeBytes;
    if (this.#files.length >= BATCH_FILES || this.#bytes >= BATCH_BYTES) this.sendFiles();
  }

  readRange(file: FileToRead, from: number, to: number, done: (result: ReadRange) => void): void {
    this.#sendRange(to - from, (batch) => ({ kind: "range", batch, file, from, to }), done);
  }

  /** Of what is open until the reply is there. */
  readOpenRange(fd: number, from: number, to: number, done: (result: ReadRange) => void): void {
    this.#sendRange(to - from, (batch) => ({ kind: "open-range", batch, fd, from, to }), done);
  }

  /** Stores content that lies in no file. */
  storeBytes(bytes: Uint8Array, done: (result: ReadRange) => void): void {
    this.#sendRange(bytes.length, (batch) => ({ kind: "bytes", batch, bytes }), done);
  }

  /** Whether a folder is as an earlier tree of it says. */
  compare(folder: FolderFd, tree: SealedTree, unsureFromNs: bigint): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#send(
      COMPARE_LOAD,
      (batch) => ({ kind: "compare", batch, folder, tree, unsureFromNs }),
      (reply) => {
        if (reply.kind === "compared") resolve(reply.isUnchanged);
      },
      [tree.sealed.buffer],
    );
    return promise;
  }

  readStream(fd: number, done: (result: ReadRange) => void): void {
    this.#sendRange(ENOUGH_LOAD, (batch) => ({ kind: "stream", batch, fd }), done);
  }

  /** Sends what is queued, however little. */
  sendFiles(): void {
    const files = this.#files;
    if (files.length === 0) return;
    const load = this.#bytes + files.length * FILE_LOAD;
    this.#files = [];
    this.#bytes = 0;
    this.#send(
      load,
      (batch) => ({ kind: "files", batch, files: files.map(({ file }) => file) }),
      (reply) => {
        if (reply.kind !== "files") return;
        files.forEach(({ done }, at) => {
          const result = reply.files[at];
          if (result !== undefined) done(result);
        });
      },
    );
  }

  get hasRoom(): boolean {
    return this.#readers.some(({ load }) => load < ENOUGH_LOAD);
  }

  /** Resolves when some reader could take more. */
  async room(): Promise<void> {
    while (!this.hasRoom) await this.answer();
  }

  /** Calls when some reader could take more, at once if one can. */
  whenRoom(send: () => void): void {
    this.#deferred.push(send);
    this.#goOn();
  }

  #goOn(): void {
    while (this.hasRoom) {
      const send = this.#deferred.shift();
      if (send === undefined) return;
      send();
    }
  }

  /** Resolves with the next answer to what was sent. */
  answer(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    return promise;
  }

  /** Has all readers store what they have in unfinished packs, and go on. */
  flush(checkpoint: number): void {
    for (const { port } of this.#readers) port.postMessage({ kind: "flush", checkpoint } satisfies ReaderRequest);
  }

  /** Stores what all readers have in unfinished packs, in as few packs as it fits. Nothing may be asked of them any more. */
  async finish(): Promise<void> {
    const [first, ...others] = this.#readers;
    const gathered: PackRest[] = [];
    for (const { port } of others) {
      const { promise, resolve } = Promise.withResolvers<readonly PackRest[]>();
      this.#rests.push(resolve);
      port.postMessage({ kind: "take-rests" } satisfies ReaderRequest);
      gathered.push(...(await promise));
    }
    for (const { port } of others) port.postMessage({ kind: "finish", rests: [] } satisfies ReaderRequest);
    first?.port.postMessage(
      { kind: "finish", rests: gathered } satisfies ReaderRequest,
      gathered.map(({ buffer }) => buffer),
    );
  }

  #sendRange(bytes: number, request: (batch: number) => ReaderRequest, done: (result: ReadRange) => void): void {
    this.#send(Math.min(bytes, ENOUGH_LOAD), request, (reply) => {
      if (reply.kind === "range") done(reply.range);
    });
  }

  #send(load: number, request: (batch: number) => ReaderRequest, done: (reply: ReaderReply) => void, transfer: ArrayBuffer[] = []): void {
    const reader = this.#readers.reduce((least, other) => (other.load < least.load ? other : least));
    const batch = ++this.#lastBatch;
    reader.load += load;
    this.#batches.set(batch, { reader, load, done });
    reader.port.postMessage(request(batch), transfer);
  }

  #receive(reply: ReaderReply): void {
    if (reply.kind === "rests") {
      this.#rests.shift()?.(reply.rests);
      return;
    }
    const batch = this.#batches.get(reply.batch);
    if (batch === undefined) return;
    this.#batches.delete(reply.batch);
    batch.reader.load -= batch.load;
    batch.done(reply);
    this.#goOn();
    // Nobody else sends what came of it when the walk is over.
    if (batch.reader.load === 0) this.sendFiles();
    for (const resume of this.#waiting.splice(0)) resume();
  }
}
