/** The tree of an earlier snapshot, walked beside the folders: what did not change since is taken from it. */
import type { MessagePort } from "node:worker_threads";
import type { ByteString } from "../../base/byte-string.ts";
import { byteString } from "../../base/byte-string.ts";
import { asDomainError, DomainError } from "../../base/errors.ts";
import type { Finding, FindingSink } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { ScannedNode } from "../../repository/format/tree/decode.ts";
import type { BlobIndex } from "../../repository/index/blob-index.ts";
import type { Cipher } from "../../repository/format/cipher.ts";
import { ParentFolder } from "./parent-folder.ts";

/** To the main thread: where a tree lies. */
export interface TreeRequest {
  readonly id: HexId;
  readonly pack: HexId;
  readonly offset: number;
  readonly length: number;
}
/** From it: the sealed blob; undefined if it cannot be had. */
export interface TreeReply {
  readonly id: HexId;
  readonly sealed: Uint8Array<ArrayBuffer> | undefined;
}

export interface SealedTree {
  readonly id: HexId;
  readonly pack: HexId;
  readonly sealed: Uint8Array<ArrayBuffer>;
  /** Length before compression; 0: it is not compressed. */
  readonly plainBytes: number;
}

export class ParentTrees {
  readonly #port: MessagePort;
  readonly #index: BlobIndex;
  readonly #cipher: Cipher;
  readonly #report: FindingSink;
  /** Equal folders have one tree, and each of them is given a copy. */
  readonly #waiting = new Map<HexId, ((sealed: TreeReply["sealed"]) => void)[]>();

  constructor(port: MessagePort, index: BlobIndex, cipher: Cipher, report: FindingSink) {
    this.#port = port;
    this.#index = index;
    this.#cipher = cipher;
    this.#report = report;
    port.on("message", ({ id, sealed }: TreeReply) => {
      const waiting = this.#waiting.get(id);
      waiting?.shift()?.(sealed);
      if (waiting?.length === 0) this.#waiting.delete(id);
    });
  }

  /** undefined: it cannot be had. A backup goes on without it, and only takes longer. */
  async open(id: HexId): Promise<ParentFolder | undefined> {
    const tree = await this.fetch(id);
    return tree === undefined ? undefined : openParentFolder(tree, this.#cipher, this.#report);
  }

  /** The tree as it is stored, to be opened by another thread. */
  async fetch(id: HexId): Promise<SealedTree | undefined> {
    const entry = this.#index.findHex("tree", id);
    if (entry < 0) return undefined;
    const pack = this.#index.packId(this.#index.packOf(entry));
    const sealed = await this.#ask({ id, pack, offset: this.#index.offsetOf(entry), length: this.#index.lengthOf(entry) });
    return sealed && { id, pack, sealed, plainBytes: this.#index.uncompressedLengthOf(entry) };
  }

  #ask(request: TreeRequest): Promise<TreeReply["sealed"]> {
    const { promise, resolve } = Promise.withResolvers<TreeReply["sealed"]>();
    const waiting = this.#waiting.get(request.id);
    if (waiting === undefined) this.#waiting.set(request.id, [resolve]);
    else waiting.push(resolve);
    this.#port.postMessage(request);
    return promise;
  }
}

/** Uses up the sealed bytes. */
export function openParentFolder(
  { id, pack, sealed, plainBytes }: SealedTree,
  cipher: Cipher,
  report: FindingSink,
): ParentFolder | undefined {
  const damaged = (error: DomainError): void => report(treeUnreadable(id, pack, error));
  try {
    // Opened in place.
    const bytes = cipher.openInto(sealed, sealed);
    return new ParentFolder(sealed.subarray(0, bytes), plainBytes, damaged);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    damaged(error);
    return undefined;
  }
}

export function treeUnreadable(id: HexId, pack: HexId, error: unknown): Finding {
  const message = `Cannot read tree "${id}" of an earlier backup, so its folder is read anew: ${asDomainError(error).message}`;
  return { grade: "critical", code: "parent_tree_unreadable", object: `data/${pack}`, message };
}

export function jsonOf(node: ScannedNode): ByteString {
  return byteString(node.raw);
}
