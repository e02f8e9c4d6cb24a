/** Walks the trees of snapshots, each tree once however many snapshots have it. */
import type { HexId } from "../../base/ids.ts";
import { TreeScanner } from "../format/tree/decode.ts";
import type { BlobIndex } from "../index/blob-index.ts";
import type { BlobCopier } from "./blob-copier.ts";
import { EntrySet, entryLimit } from "../index/entry-set.ts";
import type { BlobFault, Walked } from "./copy-calls.ts";
import { isDamage } from "./damage.ts";
import { inPackOrder } from "./pack-ranges.ts";

export interface TreeWalkOptions {
  readonly source: BlobIndex;
  readonly target: BlobIndex;
  readonly copier: BlobCopier;
  /** Gives a sealed tree. */
  readonly fetch: (entry: number) => Promise<Uint8Array>;
  readonly dryRun: boolean;
}

/** Trees that are asked for at a time: enough that the store's latency does not count. */
const TREES_IN_FLIGHT = 16;
const ID_BYTES = 32;
const NOT_INDEXED = "the index does not name it";

export class TreeWalk {
  readonly #options: TreeWalkOptions;
  /** Trees that were walked, data that is copied or about to be. */
  readonly #seen: EntrySet;
  #stack: HexId[] = [];
  #inFlight = 0;
  /** Of the walk under way. */
  #trees: number[] = [];
  #wanted: number[] = [];
  #newTrees = 0;
  #newTreeBytes = 0;
  readonly #faults = new Map<string, BlobFault>();

  constructor(options: TreeWalkOptions) {
    this.#options = options;
    this.#seen = EntrySet.create(entryLimit(options.source));
  }

  /** One at a time. */
  async walk(root: HexId): Promise<Walked> {
    this.#stack = [root];
    this.#trees = [];
    this.#wanted = [];
    this.#newTrees = 0;
    this.#newTreeBytes = 0;
    this.#faults.clear();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fill = (): void => {
      while (this.#inFlight < TREES_IN_FLIGHT) {
        const id = this.#stack.pop();
        if (id === undefined) break;
        this.#inFlight++;
        this.#visit(id)
          .finally(() => this.#inFlight--)
          .then(fill, reject);
      }
      if (this.#inFlight === 0) resolve();
    };
    fill();
    await promise;
    const wanted = inPackOrder(this.#options.source, this.#wanted);
    return { wanted, trees: this.#newTrees, treeBytes: this.#newTreeBytes, faults: [...this.#faults.values()] };
  }

  /** Something of the last walk could not be copied: who meets its trees again shall find that out, too. */
  forget(failedData: readonly number[]): void {
    for (const entry of this.#trees) this.#seen.delete(entry);
    for (const entry of failedData) this.#seen.delete(entry);
  }

  async #visit(id: HexId): Promise<void> {
    const fault = await this.#copyTree(id);
    if (fault !== undefined) this.#faults.set(`tree ${id}`, { type: "tree", id, reason: fault });
  }

  /** Gives what is wrong with it. */
  async #copyTree(id: HexId): Promise<string | undefined> {
    const { source, target, copier, fetch, dryRun } = this.#options;
    const entry = source.findHex("tree", id);
    if (entry < 0) return NOT_INDEXED;
    if (!this.#seen.add(entry)) return undefined;
    this.#trees.push(entry);
    let decoded: ReturnType<BlobCopier["decode"]>;
    try {
      const sealed = await fetch(entry);
      // From here on without a pause: what decode() gives is gone with its next call.
      decoded = copier.decode(entry, sealed);
      if ("fault" in decoded) return decoded.fault;
      this.#scan(decoded.plain);
    } catch (error) {
      if (isDamage(error)) return error.message;
      throw error;
    }
    if (target.findHex("tree", id) >= 0) return undefined;
    this.#newTrees++;
    this.#newTreeBytes += source.lengthOf(entry);
    if (!dryRun) copier.store(entry, decoded);
    return undefined;
  }

  #scan(tree: Uint8Array): void {
    const scanner = new TreeScanner();
    scanner.push(tree);
    for (let node = scanner.next(); node !== undefined; node = scanner.next()) {
      const { subtree } = node;
      if (subtree !== undefined) this.#stack.push(subtree);
      const content = node.contentBytes();
      for (let at = 0; at < content.length; at += ID_BYTES) this.#want(content, at);
    }
    scanner.end();
  }

  #want(ids: Uint8Array, at: number): void {
    const { source, target } = this.#options;
    const entry = source.find("data", ids, at);
    if (entry >= 0 && !this.#seen.add(entry)) return;
    if (target.find("data", ids, at) >= 0) return;
    if (entry >= 0) {
      this.#wanted.push(entry);
      return;
    }
    const id = ids.subarray(at, at + ID_BYTES).toHex() as HexId;
    this.#faults.set(`data ${id}`, { type: "data", id, reason: NOT_INDEXED });
  }
}
