/** A thread that opens blobs and writes what is made of them. */
import { parentPort, workerData } from "node:worker_threads";
import { DomainError } from "../../base/errors.ts";
import { BlobDecoder } from "../../repository/blob-decoder.ts";
import { REPOSITORY_LIMITS } from "../../repository/format/limits.ts";
import { BlobIndex } from "../../repository/index/blob-index.ts";
import { AttributeWriter, codeOf, type Shortfall } from "./attributes.ts";
import { ContentMemory } from "./content-memory.ts";
import { RestoreCounters } from "./counters.ts";
import { FileWriter } from "./file-writer.ts";
import {
  BAD_NODE,
  FILE_IS_LINKED,
  FILE_WORDS,
  type FetchedRange,
  NO_HANDLE,
  PIECE_WORDS,
  STOPPED,
  type WriteFailure,
  type WriterStart,
  type WriteReply,
  type WriteTask,
} from "./messages.ts";
import { plainLength } from "./plain-length.ts";
import { isDamage, TreeNodes } from "./trees.ts";

const start = workerData as WriterStart;
const index = BlobIndex.attach(start.index);
const decoder = new BlobDecoder(start.masterKey);
const attributes = new AttributeWriter(start.self);
const writer = new FileWriter(attributes, start.sparse);
const counters = new RestoreCounters(start.counters, start.counterRow);
const stop = new Int32Array(start.stop);
const memory = new ContentMemory();

/** A task and its bytes come from two threads, in any order. */
const tasks = new Map<number, WriteTask>();
const ranges = new Map<number, FetchedRange>();

start.tasks.on("message", (task: WriteTask) => {
  const range = ranges.get(task.task);
  if (range !== undefined || !task.isFetched) work(task, range?.bytes);
  else tasks.set(task.task, task);
});
parentPort?.on("message", (range: FetchedRange) => {
  const task = tasks.get(range.task);
  if (task === undefined) ranges.set(range.task, range);
  else work(task, range.bytes);
});

function work(task: WriteTask, range: Uint8Array | undefined): void {
  tasks.delete(task.task);
  ranges.delete(task.task);
  const reply = new TaskWriter(task, range).run();
  // Many megabytes that would otherwise wait for a garbage collection.
  if (range?.buffer instanceof ArrayBuffer) range.buffer.transfer(0);
  start.tasks.postMessage(reply satisfies WriteReply, []);
}

class TaskWriter {
  readonly #task: WriteTask;
  readonly #range: Uint8Array | undefined;
  readonly #nodes: TreeNodes;
  readonly #failures: WriteFailure[] = [];
  readonly #shortfalls: (readonly [number, Shortfall])[] = [];
  readonly #inodes: (readonly [number, bigint])[] = [];
  #piece = 0;
  #file = 0;

  constructor(task: WriteTask, range: Uint8Array | undefined) {
    this.#task = task;
    this.#range = range;
    this.#nodes = new TreeNodes([task.nodes]);
  }

  run(): WriteReply {
    const { blobs, task } = this.#task;
    memory.room(0, 0);
    this.#writeUses(-1, true);
    for (let blob = 0; blob < blobs.length; blob++) this.#writeUses(blob, this.#isDecoded(blob));
    return { task, failures: this.#failures, shortfalls: this.#shortfalls, inodes: this.#inodes };
  }

  /** Into the memory; if it cannot be had, that is a failure. */
  #isDecoded(blob: number): boolean {
    const entry = this.#task.blobs[blob] ?? 0;
    try {
      this.#decode(entry, this.#firstPlaceOf(blob));
      return true;
    } catch (error) {
      if (!isDamage(error)) throw error;
      const message = `blob "${index.idOf(entry)}" in pack "${index.packId(index.packOf(entry))}" cannot be used (${error.message})`;
      this.#failures.push({ kind: "blob", blob, message });
      return false;
    }
  }

  /** Where in a file the next blob goes first. */
  #firstPlaceOf(blob: number): number {
    const at = this.#piece * PIECE_WORDS;
    return this.#task.pieces[at] === blob ? (this.#task.pieces[at + 3] ?? 0) : 0;
  }

  #decode(entry: number, place: number): void {
    if (this.#range === undefined) throw new DomainError("corrupt", "blob_missing", "The pack is missing or cut off");
    const at = index.offsetOf(entry) - this.#task.rangeOffset;
    const plainBytes = plainLength(index, entry);
    if (plainBytes > REPOSITORY_LIMITS.dataBlobBytes) throw new DomainError("corrupt", "blob_too_long", "It is longer than blobs may be");
    const sealed = this.#range.subarray(at, at + index.lengthOf(entry));
    const room = memory.room(plainBytes, place);
    const written = decoder.decodeInto(sealed, index.uncompressedLengthOf(entry), index.idOf(entry), room);
    if (written !== plainBytes) throw new DomainError("corrupt", "blob_length", "Its length is not the one that the index has");
  }

  /** Goes through the pieces and files of the next blob. */
  #writeUses(blob: number, isThere: boolean): void {
    const { pieces, files } = this.#task;
    for (; pieces[this.#piece * PIECE_WORDS] === blob; this.#piece++) if (isThere) this.#writePiece();
    for (; files[this.#file * FILE_WORDS] === blob; this.#file++) this.#writeFile(isThere);
  }

  #writePiece(): void {
    const at = this.#piece * PIECE_WORDS;
    const { pieces } = this.#task;
    const [fd = NO_HANDLE, direct = NO_HANDLE, place = 0] = pieces.subarray(at + 1, at + PIECE_WORDS);
    const content = memory.placedFor(place);
    const code = tryTo(() => writer.writePiece({ fd, direct: direct === NO_HANDLE ? undefined : direct }, content, place));
    if (code === undefined) counters.add("bytes", content.length);
    else this.#failures.push({ kind: "piece", piece: this.#piece, code });
  }

  #writeFile(isThere: boolean): void {
    const at = this.#file * FILE_WORDS;
    const { files } = this.#task;
    const scanned = this.#nodes.next();
    if (!isThere || scanned === undefined) return;
    const flags = files[at + 2] ?? 0;
    const content = memory.placedFor(0);
    const code = tryTo(() => {
      const inode = writer.write(files[at + 1] ?? NO_HANDLE, scanned, flags, content);
      if ((flags & FILE_IS_LINKED) !== 0) this.#inodes.push([this.#file, inode]);
    });
    if (code === undefined) {
      counters.add("files");
      counters.add("bytes", content.length);
      for (const shortfall of attributes.shortfalls) this.#shortfalls.push([this.#file, shortfall]);
    } else this.#failures.push({ kind: "file", file: this.#file, code });
  }
}

/** What the system refused, undefined if all went well. */
function tryTo(write: () => void): string | undefined {
  if (Atomics.load(stop, 0) !== 0) return STOPPED;
  try {
    write();
    return undefined;
  } catch (error) {
    if (isDamage(error)) return BAD_NODE;
    const code = codeOf(error);
    if (code === "") throw error;
    return code;
  }
}
