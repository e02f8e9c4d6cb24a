/**
 * Gives the part of each pack where its trees lie, whatever state the pack is in: who reads trees finds out which are damaged. What was
 * read last is kept, because trees of one snapshot lie together.
 */
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import type { CallOptions } from "../../storage/object-store.ts";
import { keyOfFile } from "../layout.ts";
import type { LocalCache } from "../local-cache.ts";
import type { Repository } from "../repository.ts";

export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export interface TreeStretch {
  /** Where in the pack the bytes begin. */
  readonly from: number;
  readonly bytes: Uint8Array;
}

/** Two packs of the usual length. */
const KEPT_BYTES = 40 << 20;

export class TreeStretches {
  readonly #repository: Repository;
  readonly #cache: LocalCache | undefined;
  readonly #placeOf: (pack: HexId) => Stretch;
  /** The one that was used last is the last. */
  readonly #kept = new Map<HexId, TreeStretch>();

  /** @param placeOf where trees lie in a pack, no further than it is long */
  constructor(repository: Repository, cache: LocalCache | undefined, placeOf: (pack: HexId) => Stretch) {
    this.#repository = repository;
    this.#cache = cache;
    this.#placeOf = placeOf;
  }

  /** undefined: there is no such pack. Only to be read: others get the same memory. */
  async read(pack: HexId, options: CallOptions): Promise<TreeStretch | undefined> {
    const stretch = this.#kept.get(pack) ?? (await this.#fetch(pack, options));
    if (stretch === undefined) return undefined;
    this.#kept.delete(pack);
    this.#kept.set(pack, stretch);
    this.#forgetOldest();
    return stretch;
  }

  async #fetch(pack: HexId, { signal }: CallOptions): Promise<TreeStretch | undefined> {
    const { from, to } = this.#placeOf(pack);
    const cached = await this.#cache?.get("data", pack);
    if (cached !== undefined) return { from, bytes: cached.subarray(from, to) };
    try {
      const range = { offset: from, length: to - from };
      return { from, bytes: await this.#repository.store.get(keyOfFile("data", pack), { range, signal }) };
    } catch (error) {
      if (error instanceof DomainError && error.code === "object_not_found") return undefined;
      throw error;
    }
  }

  #forgetOldest(): void {
    let kept = this.#kept.values().reduce((sum, { bytes }) => sum + bytes.length, 0);
    for (const [pack, { bytes }] of this.#kept) {
      if (kept <= KEPT_BYTES || this.#kept.size === 1) return;
      this.#kept.delete(pack);
      kept -= bytes.length;
    }
  }
}
