/** Collects what is in the packs that were stored, and writes it as index files. On the main thread. */
import type { Clock } from "../base/clock.ts";
import type { HexId } from "../base/ids.ts";
import type { CallOptions } from "../storage/object-store.ts";
import { encodeIndexFile } from "./index/index-file.ts";
import type { PackedBlob } from "./pack-buffer.ts";
import type { SealedFiles } from "./sealed-files.ts";

export interface StoredPack {
  readonly id: HexId;
  readonly lengthBytes: number;
  readonly blobs: readonly PackedBlob[];
}

/** An index file is written after so much time, */
const FLUSH_AFTER_MS = 5 * 60_000;
/** or so many blobs, as many as restic puts into one, */
const FLUSH_BLOBS = 50_000;
/** or when so much of what this run stored would have to be sent again after a crash, */
const UNINDEXED_SHARE = 0.04;
/** but not for less than this. */
const FLUSH_MIN_BYTES = 32 << 20;

export class IndexWriter {
  readonly #files: SealedFiles;
  readonly #clock: Clock;
  /** All that were added. */
  readonly #packs = new Set<HexId>();
  #pending: StoredPack[] = [];
  #pendingBlobs = 0;
  #pendingBytes = 0;
  #storedBytes = 0;
  #lastFlushMs: number;
  readonly #running = new Set<Promise<void>>();

  constructor(files: SealedFiles, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
    this.#lastFlushMs = clock.monotonicMs();
  }

  get packs(): ReadonlySet<HexId> {
    return this.#packs;
  }

  /** Takes note of a pack that is stored for sure; writes an index file when it is time. */
  async add(pack: StoredPack, options?: CallOptions): Promise<void> {
    this.#packs.add(pack.id);
    this.#pending.push(pack);
    this.#pendingBlobs += pack.blobs.length;
    this.#pendingBytes += pack.lengthBytes;
    this.#storedBytes += pack.lengthBytes;
    if (this.#isDue()) await this.flush(options);
  }

  /** Returns when everything that was added is in an index file. What could not be written is written by the next call. */
  async flush(options?: CallOptions): Promise<void> {
    const own = this.#write(options).finally(() => this.#running.delete(own));
    this.#running.add(own);
    await Promise.all(this.#running);
  }

  /** After a failure, when everything that was begun has ended: what is stored need not be sent again if it is named. */
  async rescue(options?: CallOptions): Promise<void> {
    await Promise.allSettled(this.#running);
    await this.flush(options);
  }

  async #write(options: CallOptions | undefined): Promise<void> {
    const packs = this.#pending;
    this.#pending = [];
    this.#pendingBlobs = 0;
    this.#pendingBytes = 0;
    this.#lastFlushMs = this.#clock.monotonicMs();
    if (packs.length === 0) return;
    try {
      await this.#files.save("index", encodeIndexFile(packs), options);
    } catch (error) {
      this.#pending.push(...packs);
      throw error;
    }
  }

  #isDue(): boolean {
    return (
      this.#pendingBlobs >= FLUSH_BLOBS ||
      this.#clock.monotonicMs() - this.#lastFlushMs >= FLUSH_AFTER_MS ||
      this.#pendingBytes >= Math.max(FLUSH_MIN_BYTES, this.#storedBytes * UNINDEXED_SHARE)
    );
  }
}
