/**
 * Gives the part of each pack where its trees lie, whatever state the pack is in: who reads trees finds out which are damaged. What was
 * read last is kept, because trees of one snapshot lie together.
 */
import { DomainError } from "../../base/errors.ts";
import type { CallOptions } from "../../storage/object-store.ts";
import { keyOfFile } from "../layout.ts";
import type { Session } from "../session.ts";
import { ownBytes, release } from "../threads/own-memory.ts";
import type { PackTable } from "./pack-table.ts";
import type { StoredPacks } from "./stored-packs.ts";

export interface TreeStretch {
  /** Where in the pack the bytes begin. */
  readonly from: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Two packs of the usual length. */
const KEPT_BYTES = 40 << 20;

export class TreeStretches {
  readonly #session: Session;
  readonly #table: PackTable;
  readonly #stored: StoredPacks;
  /** The one that was used last is the last. */
  readonly #kept = new Map<number, TreeStretch>();

  constructor(session: Session, table: PackTable, stored: StoredPacks) {
    this.#session = session;
    this.#table = table;
    this.#stored = stored;
  }

  /** A copy, which can be handed over; undefined: there is no such pack. */
  async read(pack: number, options: CallOptions): Promise<TreeStretch | undefined> {
    return this.#copy(pack, options, ({ from, bytes }) => ({ from, bytes: new Uint8Array(bytes) }));
  }

  /** A copy of what lies at one place of a pack: less if the pack ends before, undefined if there is no such pack. */
  async readPart(pack: number, offset: number, length: number, options: CallOptions): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#copy(pack, options, ({ from, bytes }) => new Uint8Array(bytes.subarray(offset - from, offset - from + length)));
  }

  /** Frees the memory of what is kept. */
  forget(): void {
    for (const { bytes } of this.#kept.values()) release(bytes);
    this.#kept.clear();
  }

  /** Copies before anything else can happen: what is kept is freed when its time has come. */
  async #copy<T>(pack: number, options: CallOptions, copy: (kept: TreeStretch) => T): Promise<T | undefined> {
    const stretch = this.#kept.get(pack) ?? (await this.#fetch(pack, options));
    if (stretch === undefined) return undefined;
    const copied = copy(stretch);
    this.#kept.delete(pack);
    this.#kept.set(pack, stretch);
    this.#forgetOldest();
    return copied;
  }

  async #fetch(pack: number, { signal }: CallOptions): Promise<TreeStretch | undefined> {
    const stored = this.#stored.indexed.get(pack);
    if (stored === undefined) return undefined;
    const from = Math.min(this.#table.treesFrom[pack] ?? 0, stored.sizeBytes);
    const to = Math.min(this.#table.treesTo[pack] ?? 0, stored.sizeBytes);
    const cached = await this.#session.cache?.get("data", stored.id);
    if (cached !== undefined) return { from, bytes: ownBytes(cached.subarray(from, to)) };
    try {
      const range = { offset: from, length: to - from };
      return { from, bytes: ownBytes(await this.#session.repository.store.get(keyOfFile("data", stored.id), { range, signal })) };
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
      release(bytes);
    }
  }
}
