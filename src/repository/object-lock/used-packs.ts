/** The packs that a point needs. */
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { BlobDecoder } from "../blob-decoder.ts";
import type { BlobType } from "../format/blob.ts";
import { TreeScanner } from "../format/tree/decode.ts";
import { ID_BYTES } from "../index/id-table.ts";
import { EntrySet, entryLimit } from "../index/entry-set.ts";
import { findUsed } from "../prune/find-used.ts";
import type { Session } from "../session.ts";
import { WholePacks } from "../whole-packs.ts";

/** All of them: reads every tree. @throws {DomainError} corrupt/blob_missing: the index does not name a blob */
export async function packsOf(session: Session, tree: HexId): Promise<Set<HexId>> {
  const { index, repository, cache, signal } = session;
  const used = EntrySet.create(entryLimit(index));
  const [missing] = await findUsed([tree], used, { repository, index, cache, signal, progress: () => undefined });
  if (missing !== undefined) throw missingBlob(missing);
  const packs = new Set<number>();
  for (const entry of index.entries()) if (used.has(entry)) packs.add(index.packOf(entry));
  return new Set(Array.from(packs, (pack) => index.packId(pack)));
}

export interface ChangedPacks {
  /** What trees need that are not in the same place of the parent. */
  readonly packs: Set<HexId>;
  /** Whether there are trees that are. */
  readonly inherits: boolean;
}

/** Reads only the trees that changed, and their counterparts. @throws {DomainError} corrupt/blob_missing */
export async function changedPacksOf(session: Session, tree: HexId, parent: HexId): Promise<ChangedPacks> {
  const walk = new ChangeWalk(session);
  await walk.run(tree, parent);
  return { packs: new Set(Array.from(walk.packs, (pack) => session.index.packId(pack))), inherits: walk.inherits };
}

class ChangeWalk {
  readonly packs = new Set<number>();
  inherits = false;
  readonly #session: Session;
  readonly #trees: WholePacks;
  readonly #decoder: BlobDecoder;
  readonly #id = new Uint8Array(ID_BYTES);

  constructor(session: Session) {
    this.#session = session;
    this.#trees = new WholePacks(session.repository, session.cache);
    this.#decoder = new BlobDecoder(session.repository.masterKey);
  }

  async run(tree: HexId, parent: HexId): Promise<void> {
    const pending: { readonly tree: HexId; readonly parent: HexId | undefined }[] = [{ tree, parent }];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (next.tree === next.parent) {
        this.inherits = true;
        continue;
      }
      const before = next.parent === undefined ? new Map<string, HexId>() : await this.#subtreesOf(next.parent);
      for (const [name, subtree] of await this.#noteContent(next.tree)) pending.push({ tree: subtree, parent: before.get(name) });
    }
  }

  /** By name. */
  async #noteContent(tree: HexId): Promise<ReadonlyMap<string, HexId>> {
    const subtrees = new Map<string, HexId>();
    const scanner = await this.#open(tree);
    for (let node = scanner.next(); node !== undefined; node = scanner.next()) {
      const content = node.contentBytes();
      for (let at = 0; at < content.length; at += ID_BYTES) this.packs.add(this.#session.index.packOf(this.#find("data", content, at)));
      if (node.subtree !== undefined) subtrees.set(node.name, node.subtree);
    }
    scanner.end();
    this.packs.add(this.#session.index.packOf(this.#findTree(tree)));
    return subtrees;
  }

  /** None if the tree is gone or damaged: then everything counts as changed. */
  async #subtreesOf(tree: HexId): Promise<ReadonlyMap<string, HexId>> {
    const subtrees = new Map<string, HexId>();
    try {
      const scanner = await this.#open(tree);
      for (let node = scanner.next(); node !== undefined; node = scanner.next()) {
        if (node.subtree !== undefined) subtrees.set(node.name, node.subtree);
      }
    } catch (error) {
      if (!(error instanceof DomainError) || (error.kind !== "corrupt" && error.kind !== "not-found")) throw error;
    }
    return subtrees;
  }

  async #open(tree: HexId): Promise<TreeScanner> {
    const { index, signal } = this.#session;
    const entry = this.#findTree(tree);
    const sealed = await this.#trees.read(index.packId(index.packOf(entry)), index.offsetOf(entry), index.lengthOf(entry), { signal });
    const scanner = new TreeScanner();
    scanner.push(this.#decoder.decode(sealed, index.uncompressedLengthOf(entry), tree));
    return scanner;
  }

  #findTree(tree: HexId): number {
    this.#id.setFromHex(tree);
    return this.#find("tree", this.#id, 0);
  }

  #find(type: BlobType, ids: Uint8Array, at: number): number {
    const entry = this.#session.index.find(type, ids, at);
    if (entry < 0) throw missingBlob(`${type} ${ids.subarray(at, at + ID_BYTES).toHex()}`);
    return entry;
  }
}

function missingBlob(blob: string): DomainError {
  return new DomainError("corrupt", "blob_missing", `Cannot find the packs of a point: the index does not name blob "${blob}"`, {
    hint: 'Run "holdfast repository repair index"',
  });
}
