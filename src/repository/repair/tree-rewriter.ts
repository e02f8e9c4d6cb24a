/** Makes trees without what is lost, in a thread. */
import { type ByteString, byteString, displayText } from "../../base/byte-string.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import type { RemoteTrees } from "../check/tree-requests.ts";
import { SEAL_OVERHEAD } from "../format/cipher.ts";
import { REPOSITORY_LIMITS } from "../format/limits.ts";
import { type ScannedNode, TreeScanner } from "../format/tree/decode.ts";
import { TreeEncoder } from "../format/tree/encode.ts";
import type { BlobIndex } from "../index/blob-index.ts";

export interface RewrittenTree {
  readonly tree: HexId;
  /** How many files were shortened and folders emptied. */
  readonly count: number;
  /** The first of them, for people. */
  readonly paths: readonly string[];
}

const MAX_PATHS = 20;
const ID_BYTES = 32;

interface Rewritten {
  readonly tree: HexId;
  readonly count: number;
  /** Relative to the folder, with a slash in front. */
  readonly paths: readonly ByteString[];
}

export class TreeRewriter {
  readonly #index: BlobIndex;
  readonly #trees: RemoteTrees;
  readonly #store: (tree: Uint8Array) => HexId;
  /** By id of the tree; undefined: it cannot be read. */
  readonly #done = new Map<HexId, Rewritten | undefined>();

  /** @param store gives the id of what it stores */
  constructor(index: BlobIndex, trees: RemoteTrees, store: (tree: Uint8Array) => HexId) {
    this.#index = index;
    this.#trees = trees;
    this.#store = store;
  }

  /** undefined: the tree itself is lost. */
  async rewrite(tree: HexId): Promise<RewrittenTree | undefined> {
    const rewritten = await this.#rewrite(tree, 0);
    return rewritten === undefined ? undefined : { ...rewritten, paths: rewritten.paths.map((path) => displayText(path)) };
  }

  async #rewrite(tree: HexId, depth: number): Promise<Rewritten | undefined> {
    if (this.#done.has(tree)) return this.#done.get(tree);
    const bytes = depth > REPOSITORY_LIMITS.treeDepth ? undefined : await this.#trees.read(tree);
    const rewritten = bytes === undefined ? undefined : await this.#withoutLost(tree, bytes, depth);
    this.#done.set(tree, rewritten);
    return rewritten;
  }

  async #withoutLost(tree: HexId, bytes: Uint8Array, depth: number): Promise<Rewritten | undefined> {
    const changes = new Map<ByteString, Rewritten>();
    const paths: ByteString[] = [];
    let count = 0;
    try {
      for (const { name, subtree, isCut } of scan(bytes, (node) => this.#look(node))) {
        if (isCut) {
          count++;
          paths.push(`/${name}` as ByteString);
        }
        if (subtree === undefined) continue;
        const below = await this.#rewrite(subtree, depth + 1);
        const folder = below ?? { tree: this.#emptyTree(), count: 1, paths: ["/" as ByteString] };
        if (folder.tree === subtree) continue;
        changes.set(name, folder);
        count += folder.count;
        paths.push(...folder.paths.map((path) => `/${name}${path}` as ByteString));
      }
      if (count === 0) return { tree, count, paths: [] };
      return { tree: this.#encode(bytes, changes), count, paths: paths.slice(0, MAX_PATHS) };
    } catch (error) {
      if (error instanceof DomainError && error.kind === "corrupt") return undefined;
      throw error;
    }
  }

  #look(node: ScannedNode): { readonly name: ByteString; readonly subtree: HexId | undefined; readonly isCut: boolean } {
    return { name: node.name, subtree: node.subtree, isCut: this.#isCut(node) };
  }

  #isCut(node: ScannedNode): boolean {
    const content = node.contentBytes();
    for (let at = 0; at < content.length; at += ID_BYTES) if (this.#index.find("data", content, at) < 0) return true;
    return false;
  }

  #encode(bytes: Uint8Array, folders: ReadonlyMap<ByteString, Rewritten>): HexId {
    return this.#collect((encoder) => {
      scan(bytes, (scanned) => {
        const folder = folders.get(scanned.name);
        if (folder !== undefined) encoder.add({ ...scanned.decode(), subtree: folder.tree });
        else if (this.#isCut(scanned)) encoder.add({ ...scanned.decode(), ...this.#keptContent(scanned) });
        else encoder.addJson(scanned.name, byteString(scanned.raw));
      });
    });
  }

  /** As restic does: what is there stays, one after the other, and the size is that of what stays. */
  #keptContent(node: ScannedNode): { readonly content: readonly HexId[]; readonly size: number } {
    const content: HexId[] = [];
    let size = 0;
    for (const id of node.content ?? []) {
      const entry = this.#index.findHex("data", id);
      if (entry < 0) continue;
      content.push(id);
      size += this.#index.uncompressedLengthOf(entry) || this.#index.lengthOf(entry) - SEAL_OVERHEAD;
    }
    return { content, size };
  }

  #emptyTree(): HexId {
    return this.#collect(() => undefined);
  }

  #collect(fill: (encoder: TreeEncoder) => void): HexId {
    const pieces: Uint8Array[] = [];
    const encoder = new TreeEncoder((piece) => pieces.push(piece.slice()));
    fill(encoder);
    encoder.finish();
    return this.#store(Buffer.concat(pieces));
  }
}

function scan<T>(bytes: Uint8Array, visit: (node: ScannedNode) => T): T[] {
  const scanner = new TreeScanner();
  const results: T[] = [];
  scanner.push(bytes);
  for (let node = scanner.next(); node !== undefined; node = scanner.next()) results.push(visit(node));
  scanner.end();
  return results;
}
