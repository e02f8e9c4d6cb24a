/** Finds the paths that damage touches, in a thread. */
import type { MessagePort } from "node:worker_threads";
import { type ByteString, displayText } from "../../base/byte-string.ts";
import type { HexId } from "../../base/ids.ts";
import type { BlobType } from "../format/blob.ts";
import { REPOSITORY_LIMITS } from "../format/limits.ts";
import { TreeScanner } from "../format/tree/decode.ts";
import type { BlobIndex } from "../index/blob-index.ts";
import { EntrySet } from "../index/entry-set.ts";
import type { RemoteTrees } from "./tree-requests.ts";

/** A blob that is nowhere any more. */
export interface LostBlob {
  readonly type: BlobType;
  readonly id: HexId;
  /** Number of the damage that took it. */
  readonly damage: number;
}

export interface TraceJob {
  readonly snapshots: readonly { readonly id: HexId; readonly tree: HexId }[];
  readonly lost: readonly LostBlob[];
  /** The highest number of an entry of the index. */
  readonly lastEntry: number;
  /** Where trees come from, see serveTrees(). */
  readonly trees: MessagePort;
}

/** What a damage took of a snapshot. */
export interface Touched {
  readonly damage: number;
  readonly snapshot: HexId;
  /** How many files and folders. */
  readonly count: number;
  /** The first of them, for people; a folder counts once for all that is in it, and ends in a slash. */
  readonly paths: readonly string[];
}

const MAX_PATHS = 20;
const ID_BYTES = 32;

interface Touches {
  readonly count: number;
  /** Relative to the folder, with a slash in front. */
  readonly paths: readonly ByteString[];
}
type TouchesByDamage = ReadonlyMap<number, Touches>;

const NOTHING: TouchesByDamage = new Map();

interface FolderContent {
  readonly folders: readonly { readonly name: ByteString; readonly tree: HexId }[];
  readonly touches: Map<number, Touches>;
}

export class DamageTracer {
  readonly #index: BlobIndex;
  readonly #trees: Pick<RemoteTrees, "read">;
  readonly #lost: ReadonlyMap<string, number>;
  /** Trees that nothing is lost below. */
  readonly #whole: EntrySet;
  readonly #touched = new Map<HexId, TouchesByDamage>();

  constructor(index: BlobIndex, trees: Pick<RemoteTrees, "read">, { lost, lastEntry }: Pick<TraceJob, "lost" | "lastEntry">) {
    this.#index = index;
    this.#trees = trees;
    this.#lost = new Map(lost.map(({ type, id, damage }) => [`${type} ${id}`, damage]));
    this.#whole = EntrySet.create(lastEntry + 1);
  }

  async trace(snapshots: TraceJob["snapshots"]): Promise<Touched[]> {
    const touched: Touched[] = [];
    for (const { id: snapshot, tree } of snapshots) {
      for (const [damage, { count, paths }] of await this.#below(tree, 0)) {
        touched.push({ damage, snapshot, count, paths: paths.map((path) => displayText(path)) });
      }
    }
    return touched;
  }

  /** Each tree is read once, however many snapshots have it: what is below it is remembered. */
  async #below(tree: HexId, depth: number): Promise<TouchesByDamage> {
    const lost = this.#lost.get(`tree ${tree}`);
    if (lost !== undefined) return new Map([[lost, { count: 1, paths: ["/" as ByteString] }]]);
    const known = this.#touched.get(tree);
    if (known !== undefined) return known;
    const entry = this.#index.findHex("tree", tree);
    if (entry < 0 || this.#whole.has(entry) || depth > REPOSITORY_LIMITS.treeDepth) return NOTHING;
    const bytes = await this.#trees.read(tree);
    if (bytes === undefined) return NOTHING;
    const { folders, touches } = this.#scan(bytes);
    for (const folder of folders) {
      for (const [damage, below] of await this.#below(folder.tree, depth + 1)) {
        addTouches(touches, damage, { count: below.count, paths: below.paths.map((path) => `/${folder.name}${path}` as ByteString) });
      }
    }
    if (touches.size === 0) this.#whole.add(entry);
    else this.#touched.set(tree, touches);
    return touches;
  }

  #scan(bytes: Uint8Array): FolderContent {
    const folders: { name: ByteString; tree: HexId }[] = [];
    const touches = new Map<number, Touches>();
    const scanner = new TreeScanner();
    scanner.push(bytes);
    for (let node = scanner.next(); node !== undefined; node = scanner.next()) {
      const { name, subtree } = node;
      if (subtree !== undefined) folders.push({ name, tree: subtree });
      const path = `/${name}` as ByteString;
      for (const damage of this.#damagesOf(node.contentBytes())) addTouches(touches, damage, { count: 1, paths: [path] });
    }
    return { folders, touches };
  }

  #damagesOf(content: Uint8Array): ReadonlySet<number> {
    const damages = new Set<number>();
    for (let at = 0; at < content.length; at += ID_BYTES) {
      const lost = this.#lost.get(`data ${content.subarray(at, at + ID_BYTES).toHex()}`);
      if (lost !== undefined) damages.add(lost);
    }
    return damages;
  }
}

function addTouches(all: Map<number, Touches>, damage: number, { count, paths }: Touches): void {
  const before = all.get(damage) ?? { count: 0, paths: [] };
  all.set(damage, { count: before.count + count, paths: [...before.paths, ...paths].slice(0, MAX_PATHS) });
}
