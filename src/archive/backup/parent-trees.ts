/** The tree of an earlier snapshot, walked beside the folders: what did not change since is taken from it. */
import type { MessagePort } from "node:worker_threads";
import type { ByteString } from "../../base/byte-string.ts";
import { byteString } from "../../base/byte-string.ts";
import type { HexId } from "../../base/ids.ts";
import { TreeScanner, type ScannedNode } from "../../repository/format/tree/decode.ts";
import type { BlobIndex } from "../../repository/index/blob-index.ts";
import { BlobDecoder } from "../../repository/blob-decoder.ts";

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
  readonly #decoder: BlobDecoder;
  readonly #waiting = new Map<HexId, (sealed: Uint8Array | undefined) => void>();

  constructor(port: MessagePort, index: BlobIndex, decoder: BlobDecoder) {
    this.#port = port;
    this.#index = index;
    this.#decoder = decoder;
    port.on("message", ({ id, sealed }: TreeReply) => {
      this.#waiting.get(id)?.(sealed);
      this.#waiting.delete(id);
    });
  }

  /**
   * undefined: it cannot be had. A backup goes on without it, and only takes longer.
   *
   * @throws {DomainError} corrupt
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
    return sealed === undefined
      ? undefined
      : new ParentFolder(this.#decoder.decode(sealed, this.#index.uncompressedLengthOf(entry), id));
  }

  #fetch(request: TreeRequest): Promise<Uint8Array | undefined> {
    const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>();
    this.#waiting.set(request.id, resolve);
    this.#port.postMessage(request);
    return promise;
  }
}

/** One folder of it; names are asked for in rising order. */
export class ParentFolder {
  readonly #scanner = new TreeScanner();
  #current: ScannedNode | undefined;

  constructor(tree: Uint8Array) {
    this.#scanner.push(tree);
    this.#current = this.#scanner.next();
  }

  /** Valid until the next call. */
  find(name: ByteString): ScannedNode | undefined {
    while (this.#current !== undefined && this.#current.name < name) this.#current = this.#scanner.next();
    return this.#current?.name === name ? this.#current : undefined;
  }
}

export function jsonOf(node: ScannedNode): ByteString {
  return byteString(node.raw);
}
