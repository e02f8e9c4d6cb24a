/**
 * Reads every tree that snapshots reach, each once, pack by pack: always the pack with most trees that wait, so that few are read twice.
 * On the main thread, which fetches; threads do the reading.
 */
import { orAbort } from "../../base/concurrency.ts";
import type { HexId } from "../../base/ids.ts";
import type { BlobIndex } from "../index/blob-index.ts";
import type { CheckThreads } from "./check-threads.ts";
import type { EntrySet } from "../index/entry-set.ts";
import type { StoreFailures } from "./store-failures.ts";
import type { DamagedTree, MissingBlob } from "./tree-visitor.ts";
import type { TreeStretches } from "./tree-stretches.ts";

export interface TreeWalkParts {
  readonly index: BlobIndex;
  readonly threads: CheckThreads;
  readonly stretches: TreeStretches;
  /** Gets everything that snapshots need. */
  readonly used: EntrySet;
  readonly failures: StoreFailures;
  readonly signal: AbortSignal;
  readonly onRead: (trees: number, bytes: number) => void;
}

export interface WalkedTrees {
  /** Every place of a tree that cannot be read there; it may lie elsewhere, too, and was read then. */
  readonly damaged: readonly DamagedTree[];
  /** What the index does not have. */
  readonly missing: readonly MissingBlob[];
}

export async function walkTrees(roots: readonly HexId[], parts: TreeWalkParts): Promise<WalkedTrees> {
  return new TreeWalk(parts).run(roots);
}

class TreeWalk {
  readonly #parts: TreeWalkParts;
  /** Entries of trees that wait, by number of their pack. */
  readonly #waiting = new Map<number, number[]>();
  readonly #damaged = new Map<number, DamagedTree>();
  readonly #missing = new Map<string, MissingBlob>();
  readonly #id = new Uint8Array(32);

  constructor(parts: TreeWalkParts) {
    this.#parts = parts;
  }

  async run(roots: readonly HexId[]): Promise<WalkedTrees> {
    const { index, used, threads, signal } = this.#parts;
    for (const id of roots) {
      const entry = index.findHex("tree", id);
      if (entry < 0) this.#addMissing({ type: "tree", id });
      else if (used.add(entry)) this.#add(entry);
    }
    const running = new Set<Promise<void>>();
    // All threads work while the next pack is on its way.
    const limit = threads.limit + 1;
    while (true) {
      for (let next = this.#takeFullest(); next !== undefined; next = running.size < limit ? this.#takeFullest() : undefined) {
        const task = this.#visit(next.pack, next.entries).finally(() => running.delete(task));
        running.add(task);
      }
      if (running.size === 0) break;
      await orAbort(Promise.race(running), signal);
    }
    return { damaged: [...this.#damaged.values()], missing: [...this.#missing.values()] };
  }

  async #visit(pack: number, entries: readonly number[]): Promise<void> {
    const { threads, stretches, used, failures, signal, onRead } = this.#parts;
    const stretch = await stretches.read(pack, { signal }).catch((error: unknown) => failures.tolerate(error));
    if (stretch === undefined || typeof stretch === "string") {
      for (const entry of entries) this.#addDamaged({ entry, state: stretch ?? "its pack is missing" });
      return;
    }
    const { from, bytes } = stretch;
    const { length } = bytes;
    const job = { used: used.shared, pack, from, bytes, entries };
    const answer = await threads.call("trees", job, { transfer: [bytes.buffer], signal });
    for (const entry of answer.found) this.#add(entry);
    for (const tree of answer.damaged) this.#addDamaged(tree);
    for (const blob of answer.missing) this.#addMissing(blob);
    onRead(answer.trees, length);
  }

  #add(entry: number): void {
    const pack = this.#parts.index.packOf(entry);
    const waiting = this.#waiting.get(pack);
    if (waiting === undefined) this.#waiting.set(pack, [entry]);
    else waiting.push(entry);
  }

  /** Tries the next place where the tree lies. */
  #addDamaged(tree: DamagedTree): void {
    this.#damaged.set(tree.entry, tree);
    const { index } = this.#parts;
    index.idInto(tree.entry, this.#id, 0);
    const other = index.locations("tree", this.#id, 0).find((entry) => !this.#damaged.has(entry));
    if (other !== undefined) this.#add(other);
  }

  #addMissing(blob: MissingBlob): void {
    this.#missing.set(`${blob.type} ${blob.id}`, blob);
  }

  #takeFullest(): { readonly pack: number; readonly entries: readonly number[] } | undefined {
    let fullest: { readonly pack: number; readonly entries: readonly number[] } | undefined;
    for (const [pack, entries] of this.#waiting) if (entries.length > (fullest?.entries.length ?? 0)) fullest = { pack, entries };
    if (fullest !== undefined) this.#waiting.delete(fullest.pack);
    return fullest;
  }
}
