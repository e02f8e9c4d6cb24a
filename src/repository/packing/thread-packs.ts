/**
 * How packs get from the threads that fill them to the main thread that stores them. A thread has a fixed number of buffers and waits,
 * blocked, when all of them are on their way: memory stays bounded however slow the store is.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { PackSink } from "../blob-packer.ts";
import type { FinishedPack } from "../pack-buffer.ts";

/** What a thread needs to hand out packs; can be posted to it. */
export interface PackChannel {
  readonly port: MessagePort;
  /** One 32-bit counter, raised and notified after each buffer that goes back. */
  readonly returned: SharedArrayBuffer;
  readonly buffers: number;
  /** Length of each. */
  readonly bufferBytes: number;
}

/** From thread to main. */
export type PackMessage =
  | { readonly kind: "pack"; readonly pack: FinishedPack }
  /** `checkpoint`: undefined at the end of the thread's work. */
  | { readonly kind: "flushed"; readonly checkpoint: number | undefined };
/** From main to thread. */
export interface BufferReturn {
  readonly buffer: ArrayBuffer;
}

export class ThreadPacks implements PackSink {
  readonly #channel: PackChannel;
  readonly #returned: Int32Array;
  readonly #free: ArrayBuffer[] = [];
  #made = 0;

  constructor(channel: PackChannel) {
    this.#channel = channel;
    this.#returned = new Int32Array(channel.returned);
  }

  take(minBytes: number): ArrayBuffer {
    // A folder of very many files makes a tree that shares its pack with nothing.
    const { buffers, bufferBytes } = this.#channel;
    if (minBytes > bufferBytes) return new ArrayBuffer(minBytes);
    for (;;) {
      const seen = Atomics.load(this.#returned, 0);
      this.#collect();
      const buffer = this.#free.pop();
      if (buffer !== undefined) return buffer;
      if (this.#made < buffers) {
        this.#made++;
        return new ArrayBuffer(bufferBytes);
      }
      Atomics.wait(this.#returned, 0, seen);
    }
  }

  giveBack(buffer: ArrayBuffer): void {
    if (buffer.byteLength === this.#channel.bufferBytes) this.#free.push(buffer);
  }

  store(pack: FinishedPack): void {
    this.#post({ kind: "pack", pack }, [pack.buffer]);
  }

  /** Tells the main thread that everything until that checkpoint was sent; without one, that no pack of this thread follows. */
  flushed(checkpoint?: number): void {
    this.#post({ kind: "flushed", checkpoint }, []);
  }

  #post(message: PackMessage, transfer: ArrayBuffer[]): void {
    this.#channel.port.postMessage(message, transfer);
  }

  #collect(): void {
    for (;;) {
      const received: { readonly message: BufferReturn } | undefined = receiveMessageOnPort(this.#channel.port);
      if (received === undefined) return;
      this.giveBack(received.message.buffer);
    }
  }
}
