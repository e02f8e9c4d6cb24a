/** Stores packs that the main thread itself fills. */
import type { CallOptions, ObjectStore } from "../../storage/object-store.ts";
import { packBufferBytes, type PackSink } from "../blob-packer.ts";
import type { IndexWriter } from "../index-writer.ts";
import { keyOfFile } from "../layout.ts";
import type { FinishedPack } from "../pack-buffer.ts";

/** On their way at a time. */
const MAX_UPLOADS = 2;

export class DirectPacks implements PackSink {
  readonly #store: ObjectStore;
  readonly #index: IndexWriter;
  readonly #bufferBytes: number;
  readonly #options: CallOptions;
  readonly #free: ArrayBuffer[] = [];
  readonly #running = new Set<Promise<void>>();
  #failure: Error | undefined;

  /** @param packBytes as long as packs become, but for their last blob */
  constructor(store: ObjectStore, index: IndexWriter, packBytes: number, options: CallOptions) {
    this.#store = store;
    this.#index = index;
    this.#bufferBytes = packBufferBytes(packBytes);
    this.#options = options;
  }

  take(minBytes: number): ArrayBuffer {
    const at = this.#free.findIndex(({ byteLength }) => byteLength >= minBytes);
    const [buffer] = at === -1 ? [] : this.#free.splice(at, 1);
    return buffer ?? new ArrayBuffer(Math.max(minBytes, this.#bufferBytes));
  }

  giveBack(buffer: ArrayBuffer): void {
    this.#free.push(buffer);
  }

  store(pack: FinishedPack): void {
    const upload = this.#upload(pack)
      .catch((error: unknown) => {
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => this.#running.delete(upload));
    this.#running.add(upload);
  }

  /** Resolves when more packs may be filled. Throws what stored no pack. */
  async room(): Promise<void> {
    while (this.#running.size >= MAX_UPLOADS) await Promise.race(this.#running);
    this.#throwIfFailed();
  }

  /** Resolves when all packs are stored, and in index files. */
  async finish(): Promise<void> {
    await Promise.all(this.#running);
    this.#throwIfFailed();
    await this.#index.flush(this.#options);
  }

  async #upload({ id, sha256, buffer, lengthBytes, blobs }: FinishedPack): Promise<void> {
    await this.#store.put(keyOfFile("data", id), new Uint8Array(buffer, 0, lengthBytes), { ...this.#options, sha256 });
    await this.#index.add({ id, lengthBytes, blobs }, this.#options);
    this.giveBack(buffer);
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}
