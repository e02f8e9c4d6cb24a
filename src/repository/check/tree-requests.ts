/** How a thread that follows trees one by one gets them from the main thread. */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { BlobDecoder } from "../blob-decoder.ts";
import type { MasterKey } from "../format/cipher.ts";
import type { BlobIndex } from "../index/blob-index.ts";
import { answerCalls, Caller } from "../threads/calls.ts";
import type { TreeStretches } from "./tree-stretches.ts";

interface TreeCalls {
  /** The sealed tree of an entry; undefined: it is not there. */
  readonly tree: (entry: number) => Uint8Array | undefined;
}

/** The main thread's end. */
export function serveTrees(stretches: TreeStretches, index: BlobIndex, signal: AbortSignal): { readonly port: MessagePort } & Disposable {
  const { port1, port2 } = new MessageChannel();
  answerCalls<TreeCalls>(port1, {
    tree: async (entry) => stretches.readPart(index.packOf(entry), index.offsetOf(entry), index.lengthOf(entry), { signal }),
  });
  return { port: port2, [Symbol.dispose]: () => port1.close() };
}

/** The thread's end. */
export class RemoteTrees implements Disposable {
  readonly #port: MessagePort;
  readonly #index: BlobIndex;
  readonly #decoder: BlobDecoder;
  readonly #main: Caller<TreeCalls>;
  readonly #id = new Uint8Array(32);

  constructor(port: MessagePort, index: BlobIndex, masterKey: MasterKey) {
    this.#port = port;
    this.#index = index;
    this.#decoder = new BlobDecoder(masterKey);
    this.#main = new Caller(port);
  }

  /** From any of the places where it lies; undefined if none of them gives it. */
  async read(id: HexId): Promise<Uint8Array | undefined> {
    this.#id.setFromHex(id);
    for (const entry of this.#index.locations("tree", this.#id, 0)) {
      const sealed = await this.#main.call("tree", entry);
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
}
