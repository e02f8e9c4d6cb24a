/** The main thread's end of the threads' packs: stores each, notes it for the index, and gives its buffer back. */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { PACK_BYTES, packBufferBytes } from "../blob-packer.ts";
import type { IndexWriter } from "../index-writer.ts";
import { keyOfFile } from "../layout.ts";
import type { FinishedPack } from "../pack-buffer.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import type { BufferReturn, PackChannel, PackMessage } from "./thread-packs.ts";

export interface OpenedChannel {
  readonly channel: PackChannel;
  /**
   * Asked before the thread is told to flush: resolves when it has said that nothing is left in its hands and everything it sent is
   * stored. Without a checkpoint, which is to be asked for once, that is at the end of its work. Never rejects.
   */
  readonly flushed: (checkpoint?: number) => Promise<void>;
}

export class PackUploads implements Disposable {
  readonly #store: ObjectStore;
  readonly #index: Pick<IndexWriter, "add">;
  readonly #signal: AbortSignal;
  readonly #fail: (error: unknown) => void;
  readonly #ports: MessagePort[] = [];
  readonly #running = new Set<Promise<void>>();

  /** @param fail gets the first failure of an upload; nothing is retried here */
  constructor(store: ObjectStore, index: Pick<IndexWriter, "add">, signal: AbortSignal, fail: (error: unknown) => void) {
    this.#store = store;
    this.#index = index;
    this.#signal = signal;
    this.#fail = fail;
  }

  /**
   * A channel for one thread.
   *
   * @param buffers how many packs of the thread are in memory at a time
   * @param packBytes the length that packs of the thread have at most, but for their last blob
   */
  open(buffers: number, packBytes: number = PACK_BYTES): OpenedChannel {
    const { port1, port2 } = new MessageChannel();
    const returned = new SharedArrayBuffer(4);
    const counter = new Int32Array(returned);
    const flushes = new Map<number | undefined, () => void>();
    const giveBack = (buffer: ArrayBuffer): void => {
      port1.postMessage({ buffer } satisfies BufferReturn, [buffer]);
      Atomics.add(counter, 0, 1);
      Atomics.notify(counter, 0);
    };
    port1.on("message", (message: PackMessage) => {
      if (message.kind === "pack") this.#start(message.pack, giveBack);
      else void Promise.all(this.#running).then(flushes.get(message.checkpoint));
    });
    this.#ports.push(port1);
    const flushed = (checkpoint?: number): Promise<void> => {
      const { promise, resolve } = Promise.withResolvers<void>();
      flushes.set(checkpoint, resolve);
      return promise;
    };
    return { channel: { port: port2, returned, buffers, bufferBytes: packBufferBytes(packBytes) }, flushed };
  }

  [Symbol.dispose](): void {
    for (const port of this.#ports) port.close();
  }

  #start(pack: FinishedPack, giveBack: (buffer: ArrayBuffer) => void): void {
    const task = this.#upload(pack)
      .then(() => giveBack(pack.buffer), this.#fail)
      .finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  async #upload({ id, sha256, buffer, lengthBytes, blobs }: FinishedPack): Promise<void> {
    const bytes = new Uint8Array(buffer, 0, lengthBytes);
    await this.#store.put(keyOfFile("data", id), bytes, { sha256, signal: this.#signal });
    await this.#index.add({ id, lengthBytes, blobs }, { signal: this.#signal });
  }
}
