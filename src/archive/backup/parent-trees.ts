/** The tree of an earlier snapshot, walked beside the folders: what did not change since is taken from it. */
import type { MessagePort } from "node:worker_threads";
import type { ByteString } from "../../base/byte-string.ts";
import { byteString } from "../../base/byte-string.ts";
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
  readonly sealed: Uint8Array | undefined;
}

export class ParentTrees {
  readonly #port: MessagePort;
  readonly #index: BlobIndex;
  readonly #cipher: Cipher;
  readonly #waiting = new Map<HexId, (sealed: Uint8Array | undefined) => void>();

  constructor(port: MessagePort, index: BlobIndex, cipher: Cipher) {
    this.#port = port;
    this.#index = index;
    this.#cipher = cipher;
    port.on("message", ({ id, sealed }: TreeReply) => {
      this.#waiting.get(id)?.(sealed);
      this.#waiting.delete(id);
    });
  }

  /**
   * undefined: it cannot be had. A backup goes on without it, and only takes longer.
   *
   * @throws {DomainError} corrupt/unauthentic
   */
  async open(id: HexId): Promise<ParentFolder | undefined> {
    const entry = this.#index.findHex("tree", id);
    if (entry < 0) return undefined;
    const sealed = await this.#fetch({
      id,
      pack: this.#index.packId(this.#index.packOf(entry)),
      offset: this.#index.offsetOf(entry),
      length: this.#index.lengthOf(entry),
    });
    if (sealed === undefined) return undefined;
    // Opened in place.
    const bytes = this.#cipher.openInto(sealed, sealed);
    return new ParentFolder(sealed.subarray(0, bytes), this.#index.uncompressedLengthOf(entry) > 0);
  }

  #fetch(request: TreeRequest): Promise<Uint8Array | undefined> {
    const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>();
    this.#waiting.set(request.id, resolve);
    this.#port.postMessage(request);
    return promise;
  }
}

export function jsonOf(node: ScannedNode): ByteString {
  return byteString(node.raw);
}
