/** How a thread that follows trees one by one gets them from the main thread. */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { BlobDecoder } from "../blob-decoder.ts";
import type { MasterKey } from "../format/cipher.ts";
import type { BlobIndex } from "../index/blob-index.ts";
import type { TreeStretches } from "./tree-stretches.ts";

interface TreeRequest {
  readonly number: number;
  readonly entry: number;
}

interface TreeReply {
  readonly number: number;
  /** undefined: it is not there. */
  readonly sealed: Uint8Array | undefined;
}

/**
 * The main thread's end.
 *
 * @param fail gets what the store throws; the request is not answered then
 */
export function serveTrees(
  stretches: TreeStretches,
  index: BlobIndex,
  signal: AbortSignal,
  fail: (error: unknown) => void,
): { readonly port: MessagePort } & Disposable {
  const { port1, port2 } = new MessageChannel();
  const answer = async ({ number, entry }: TreeRequest): Promise<void> => {
    const stretch = await stretches.read(index.packOf(entry), { signal });
    const at = index.offsetOf(entry) - (stretch?.from ?? 0);
    const sealed = stretch?.bytes.slice(at, at + index.lengthOf(entry));
    port1.postMessage({ number, sealed } satisfies TreeReply);
  };
  port1.on("message", (request: TreeRequest) => void answer(request).catch(fail));
  return { port: port2, [Symbol.dispose]: () => port1.close() };
}

/** The thread's end. */
export class RemoteTrees implements Disposable {
  readonly #port: MessagePort;
  readonly #index: BlobIndex;
  readonly #decoder: BlobDecoder;
  readonly #waiting = new Map<number, (sealed: Uint8Array | undefined) => void>();
  readonly #id = new Uint8Array(32);
  #requests = 0;

  constructor(port: MessagePort, index: BlobIndex, masterKey: MasterKey) {
    this.#port = port;
    this.#index = index;
    this.#decoder = new BlobDecoder(masterKey);
    port.on("message", ({ number, sealed }: TreeReply) => {
      this.#waiting.get(number)?.(sealed);
      this.#waiting.delete(number);
    });
  }

  /** From any of the places where it lies; undefined if none of them gives it. */
  async read(id: HexId): Promise<Uint8Array | undefined> {
    this.#id.setFromHex(id);
    for (const entry of this.#index.locations("tree", this.#id, 0)) {
      const sealed = await this.#fetch(entry);
      if (sealed === undefined) continue;
      try {
        return this.#decoder.decode(sealed, this.#index.uncompressedLengthOf(entry), id);
      } catch (error) {
        if (!(error instanceof DomainError) || error.kind !== "corrupt") throw error;
      }
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#port.close();
  }

  #fetch(entry: number): Promise<Uint8Array | undefined> {
    const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>();
    const number = this.#requests++;
    this.#waiting.set(number, resolve);
    const request: TreeRequest = { number, entry };
    this.#port.postMessage(request, []);
    return promise;
  }
}
