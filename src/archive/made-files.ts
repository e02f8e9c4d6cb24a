/**
 * Files that are made in memory, not read from a disk, and the folders that they stand in; and among them trees that are stored already, as those of
 * volumes. On the main thread.
 */
import { type ByteString, byteStringOf } from "../base/byte-string.ts";
import type { Clock } from "../base/clock.ts";
import type { HexId } from "../base/ids.ts";
import { type Chunker, type ChunkerSpec, openChunker } from "../repository/chunker/chunker.ts";
import { chunkerOf } from "../repository/repository-chunker.ts";
import { MadeStream } from "./made-stream.ts";
import { BlobPacker, packerSettings } from "../repository/blob-packer.ts";
import { encodeNode } from "../repository/format/tree/encode.ts";
import { BlobSet } from "../repository/index/blob-set.ts";
import { IndexWriter } from "../repository/index-writer.ts";
import { DirectPacks } from "../repository/packing/direct-packs.ts";
import type { Session } from "../repository/session.ts";
import { TreeBlob } from "./backup/tree-blob.ts";
import { plainNode } from "./plain-node.ts";
import { renamedNode } from "./volume.ts";

interface MadeFile {
  readonly ids: readonly HexId[];
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
}

/** A folder whose content is stored. */
interface StoredTree {
  readonly tree: HexId;
  readonly timeMs: number;
  readonly root: string | undefined;
}

type Folder = Map<string, Entry>;
type Entry = Folder | MadeFile | StoredTree;

export interface TreeOptions {
  /** Of the folder, if it has no node of its own. */
  readonly timeMs: number;
  /** Its node, in JSON and under any name: what it is like as a folder. */
  readonly root?: string | undefined;
}

export interface MadeTotals {
  readonly files: number;
  /** Of all files. */
  readonly bytes: number;
  readonly dataBlobs: number;
  readonly treeBlobs: number;
  /** Of what the repository did not have: before compression, */
  readonly newBytes: number;
  /** and as it is stored. */
  readonly storedBytes: number;
}

export interface MadeTree {
  readonly tree: HexId;
  readonly totals: MadeTotals;
  readonly newPacks: ReadonlySet<HexId>;
}

/** Short ones, since four of them are in memory: restic's least. */
const PACK_BYTES = 4 << 20;
/** The longest chunk, and what comes with one read. */
const STREAM_BUFFER_BYTES = 10 << 20;
const FILE_MODE = 0o100600;
const FOLDER_MODE = 0o040700;
const NS_PER_MS = 1_000_000n;

export class MadeFiles {
  readonly #top: Folder = new Map();
  readonly #packs: DirectPacks;
  readonly #index: IndexWriter;
  readonly #data: BlobPacker;
  readonly #trees: BlobPacker;
  readonly #id = new Uint8Array(32);
  readonly #chunkerSpec: () => ChunkerSpec;
  /** One stream at a time. */
  #chunker: Chunker | undefined;

  /** @param session with a shared lock */
  constructor(session: Session, clock: Clock) {
    const { repository, index, signal } = session;
    this.#chunkerSpec = () => chunkerOf(repository);
    this.#index = new IndexWriter(repository.files, clock);
    this.#packs = new DirectPacks(repository.store, this.#index, PACK_BYTES, { signal });
    const settings = { ...packerSettings(repository, "sample"), packBytes: PACK_BYTES };
    const fresh = BlobSet.create();
    this.#data = new BlobPacker("data", settings, index, fresh, this.#packs);
    this.#trees = new BlobPacker("tree", settings, index, fresh, this.#packs);
  }

  /** In place of one that is there. The content is short: it becomes one blob. */
  add(path: readonly string[], content: Uint8Array, timeMs: number): void {
    const [folder, name] = this.#placeOf(path);
    folder.set(name, { ids: content.length === 0 ? [] : [this.#storeBlob(content)], bytes: content.length, timeMs });
  }

  /** Calls `fill` for the content of a file, which may be long. It is there only if that does not throw. Gives how many bytes came. */
  async addStream(path: readonly string[], timeMs: number, fill: (stream: MadeStream) => Promise<void>): Promise<number> {
    const chunker = (this.#chunker ??= openChunker(this.#chunkerSpec(), STREAM_BUFFER_BYTES));
    const stream = new MadeStream({ chunker, store: (blob) => this.#storeBlob(blob), room: () => this.room() });
    await fill(stream);
    const { ids, bytes } = stream.finish();
    const [folder, name] = this.#placeOf(path);
    folder.set(name, { ids, bytes, timeMs });
    return bytes;
  }

  /** A tree that is stored, or will be before finish() is called, perhaps by somebody else. */
  addTree(path: readonly string[], tree: HexId, { timeMs, root }: TreeOptions): void {
    const [folder, name] = this.#placeOf(path);
    folder.set(name, { tree, timeMs, root });
  }

  /** Begins anew. What was stored is found again where it comes again. */
  clear(): void {
    this.#top.clear();
  }

  remove(path: readonly string[]): void {
    const [folder, name] = this.#placeOf(path);
    folder.delete(name);
  }

  /** To be awaited now and then: resolves when memory is free for more. */
  async room(): Promise<void> {
    await this.#packs.room();
  }

  /** Gives the uppermost tree, when everything is stored and indexed. */
  async finish(): Promise<MadeTree> {
    this.#data.flush();
    await this.room();
    const totals = { files: 0, bytes: 0 };
    const { tree } = this.#store(this.#top, totals);
    this.#trees.flush();
    await this.#packs.finish();
    const [data, trees] = [this.#data.counters, this.#trees.counters];
    return {
      tree,
      newPacks: this.#index.packs,
      totals: {
        ...totals,
        dataBlobs: data.newBlobs,
        treeBlobs: trees.newBlobs,
        newBytes: data.newBytes + trees.newBytes,
        storedBytes: data.storedBytes + trees.storedBytes,
      },
    };
  }

  #storeBlob(content: Uint8Array): HexId {
    this.#data.add(content, this.#id, 0);
    return this.#id.toHex() as HexId;
  }

  /** A folder is as old as the newest file below it, so that it is the same again as long as they are. */
  #store(folder: Folder, totals: { files: number; bytes: number }): { readonly tree: HexId; readonly timeMs: number } {
    const tree = new TreeBlob(this.#trees);
    let newestMs = 0;
    for (const [name, entry] of inOrder(folder)) {
      if (entry instanceof Map) {
        const { tree: subtree, timeMs } = this.#store(entry, totals);
        newestMs = Math.max(newestMs, timeMs);
        tree.add(name, encodeNode(plainNode(name, { mode: FOLDER_MODE, timeNs: BigInt(timeMs) * NS_PER_MS }, { subtree })));
        continue;
      }
      if ("tree" in entry) {
        newestMs = Math.max(newestMs, entry.timeMs);
        tree.add(name, nodeOfTree(name, entry));
        continue;
      }
      const { ids, bytes, timeMs } = entry;
      newestMs = Math.max(newestMs, timeMs);
      totals.files++;
      totals.bytes += bytes;
      const node = plainNode(name, { mode: FILE_MODE, timeNs: BigInt(timeMs) * NS_PER_MS }, { content: [...ids], size: bytes });
      tree.add(name, encodeNode(node));
    }
    return { tree: tree.store(), timeMs: newestMs };
  }

  #placeOf(path: readonly string[]): readonly [Folder, string] {
    const name = path.at(-1);
    if (name === undefined) throw new RangeError("Cannot make a file: it has no name");
    let folder = this.#top;
    for (const above of path.slice(0, -1)) {
      let inner = folder.get(above);
      if (inner === undefined) folder.set(above, (inner = new Map()));
      if (!(inner instanceof Map)) throw new RangeError(`Cannot make a file in "${above}": it is a file`);
      folder = inner;
    }
    return [folder, name];
  }
}

function nodeOfTree(name: ByteString, { tree, timeMs, root }: StoredTree): ByteString {
  if (root !== undefined) return renamedNode(root, name);
  return encodeNode(plainNode(name, { mode: FOLDER_MODE, timeNs: BigInt(timeMs) * NS_PER_MS }, { subtree: tree }));
}

function inOrder(folder: Folder): readonly (readonly [ByteString, Entry])[] {
  return Array.from(folder, ([name, entry]) => [byteStringOf(name), entry] as const).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
