/**
 * Gives sealed blobs out of packs. Trees of one snapshot lie together, and so do small files that were stored together: a whole pack is
 * fetched for the first of them and kept for the others, in memory while there is room, and in the local cache if one is given.
 */
import type { HexId } from "../base/ids.ts";
import type { CallOptions } from "../storage/object-store.ts";
import type { LocalCache } from "./local-cache.ts";
import { loadCached } from "./open-index.ts";
import type { Repository } from "./repository.ts";
import { DomainError } from "../base/errors.ts";

/** Two packs of the usual length. */
const KEPT_BYTES = 40 << 20;

export class WholePacks {
  readonly #repository: Repository;
  readonly #cache: LocalCache | undefined;
  /** The one that was used last is the last. */
  readonly #packs = new Map<HexId, Promise<Uint8Array>>();
  readonly #lengths = new Map<HexId, number>();

  constructor(repository: Repository, cache: LocalCache | undefined) {
    this.#repository = repository;
    this.#cache = cache;
  }

  /**
   * A copy of what lies there.
   *
   * @throws {DomainError} corrupt/pack_too_short, corrupt/file_hash; what the store throws
   */
  async read(pack: HexId, offset: number, length: number, options: CallOptions): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#open(pack, options);
    if (offset + length <= bytes.length) return new Uint8Array(bytes.subarray(offset, offset + length));
    throw new DomainError("corrupt", "pack_too_short", `Cannot read a blob of pack "${pack}": it ends before`);
  }

  async #open(pack: HexId, { signal }: CallOptions): Promise<Uint8Array> {
    const known = this.#packs.get(pack);
    this.#packs.delete(pack);
    const opened = known ?? loadCached(this.#repository, "data", pack, { cache: this.#cache, signal });
    this.#packs.set(pack, opened);
    try {
      const bytes = await opened;
      if (known === undefined) {
        this.#lengths.set(pack, bytes.length);
        this.#forgetOldest();
      }
      return bytes;
    } catch (error) {
      this.#packs.delete(pack);
      throw error;
    }
  }

  #forgetOldest(): void {
    let kept = this.#lengths.values().reduce((sum, length) => sum + length, 0);
    for (const pack of this.#packs.keys()) {
      if (kept <= KEPT_BYTES || this.#packs.size <= 1) return;
      const length = this.#lengths.get(pack);
      if (length === undefined) continue;
      this.#packs.delete(pack);
      this.#lengths.delete(pack);
      kept -= length;
    }
  }
}
