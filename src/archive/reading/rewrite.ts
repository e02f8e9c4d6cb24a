/** Trees of snapshots made anew without some of their entries. Folders that lose nothing stay as they are. */
import { byteString, type ByteString } from "../../base/byte-string.ts";
import type { Clock } from "../../base/clock.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { BlobPacker, PACK_BUFFER_BYTES, packerSettings, type PackSink } from "../../repository/blob-packer.ts";
import { REPOSITORY_LIMITS } from "../../repository/format/limits.ts";
import type { ScannedNode } from "../../repository/format/tree/decode.ts";
import { encodeNode } from "../../repository/format/tree/encode.ts";
import { BlobSet } from "../../repository/index/blob-set.ts";
import { IndexWriter } from "../../repository/index-writer.ts";
import { keyOfFile } from "../../repository/layout.ts";
import type { FinishedPack } from "../../repository/pack-buffer.ts";
import type { Session } from "../../repository/session.ts";
import { TreeBlob } from "../backup/tree-blob.ts";
import { EndCheck } from "./end-check.ts";
import { type SnapshotTrees, walkTree } from "./snapshot-trees.ts";

export interface RewrittenTree {
  readonly tree: HexId;
  /** What it has no more. */
  readonly files: number;
  readonly bytes: number;
}

export interface TreeRewriterOptions {
  readonly isExcluded: (path: ByteString) => boolean;
  /** Only computes what would be. */
  readonly dryRun: boolean;
  readonly clock: Clock;
}

export class TreeRewriter {
  readonly #session: Session;
  readonly #trees: SnapshotTrees;
  readonly #options: TreeRewriterOptions;
  readonly #packs = new FinishedPacks();
  readonly #packer: BlobPacker;
  readonly #index: IndexWriter;
  /** By path and tree: snapshots share most of their folders. */
  readonly #done = new Map<string, RewrittenTree>();

  /** @param session with a lock */
  constructor(session: Session, trees: SnapshotTrees, options: TreeRewriterOptions) {
    const { repository, index } = session;
    this.#session = session;
    this.#trees = trees;
    this.#options = options;
    this.#packer = new BlobPacker("tree", packerSettings(repository, "all"), index, BlobSet.create(), this.#packs);
    this.#index = new IndexWriter(repository.files, options.clock);
  }

  /** Those that are stored so far. */
  get newPacks(): ReadonlySet<HexId> {
    return this.#index.packs;
  }

  /** @throws {DomainError} corrupt: a folder is damaged or lies too deep, or there is no end of them */
  async rewrite(tree: HexId): Promise<RewrittenTree> {
    return this.#rewrite(tree, "" as ByteString, 0, new EndCheck(this.#trees, [tree]));
  }

  async #rewrite(tree: HexId, path: ByteString, depth: number, ends: EndCheck): Promise<RewrittenTree> {
    const place = `${path}\0${tree}`;
    const known = this.#done.get(place);
    if (known !== undefined) return known;
    if (depth > REPOSITORY_LIMITS.treeDepth) throw new DomainError("corrupt", "tree_depth", "Cannot rewrite: folders lie too deep");
    await ends.pass();
    const rewritten = new TreeBlob(this.#packer);
    const scanner = await this.#trees.scan(tree);
    let files = 0;
    let bytes = 0;
    let isChanged = false;
    for (let node = scanner.next(); node !== undefined; node = scanner.next()) {
      const at = `${path}/${node.name}` as ByteString;
      if (this.#options.isExcluded(at)) {
        const lost = await this.#count(node, at, ends);
        files += lost.files;
        bytes += lost.bytes;
        isChanged = true;
        continue;
      }
      const { subtree } = node;
      const below = subtree === undefined ? undefined : await this.#rewrite(subtree, at, depth + 1, ends);
      files += below?.files ?? 0;
      bytes += below?.bytes ?? 0;
      const isSame = below === undefined || below.tree === subtree;
      rewritten.add(node.name, isSame ? byteString(node.raw) : encodeNode({ ...node.decode(), subtree: below.tree }));
      isChanged ||= !isSame;
    }
    scanner.end();
    const result = { tree: isChanged ? rewritten.store() : tree, files, bytes };
    await this.#upload();
    this.#done.set(place, result);
    return result;
  }

  /** To be called before a snapshot names what rewrite() gave. */
  async flush(): Promise<void> {
    this.#packer.flush();
    await this.#upload();
    await this.#index.flush({ signal: this.#session.signal });
  }

  async #upload(): Promise<void> {
    const { signal, repository } = this.#session;
    for (const { id, sha256, buffer, lengthBytes, blobs } of this.#packs.takeFinished()) {
      if (!this.#options.dryRun) {
        await repository.store.put(keyOfFile("data", id), new Uint8Array(buffer, 0, lengthBytes), { sha256, signal });
        await this.#index.add({ id, lengthBytes, blobs }, { signal });
      }
      this.#packs.giveBack(buffer);
    }
  }

  async #count(node: ScannedNode, path: ByteString, ends: EndCheck): Promise<{ readonly files: number; readonly bytes: number }> {
    if (node.type === "file") return { files: 1, bytes: node.size };
    let files = 0;
    let bytes = 0;
    // A folder that goes may be damaged.
    const report = (): void => undefined;
    if (node.subtree !== undefined) {
      for await (const { node: below } of walkTree(this.#trees, node.subtree, { path, report, ends })) {
        if (below.type !== "file") continue;
        files++;
        bytes += below.size;
      }
    }
    return { files, bytes };
  }
}

/** Packs that wait until the one who packs can wait for the store. */
class FinishedPacks implements PackSink {
  readonly #free: ArrayBuffer[] = [];
  readonly #finished: FinishedPack[] = [];

  take(minBytes: number): ArrayBuffer {
    const free = minBytes > PACK_BUFFER_BYTES ? undefined : this.#free.pop();
    return free ?? new ArrayBuffer(Math.max(minBytes, PACK_BUFFER_BYTES));
  }

  giveBack(buffer: ArrayBuffer): void {
    if (buffer.byteLength === PACK_BUFFER_BYTES) this.#free.push(buffer);
  }

  store(pack: FinishedPack): void {
    this.#finished.push(pack);
  }

  takeFinished(): readonly FinishedPack[] {
    return this.#finished.splice(0);
  }
}
