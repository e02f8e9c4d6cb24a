/** Collects what is wrong with the files of a repository, and which blobs that takes. */
import type { HexId } from "../../base/ids.ts";
import type { BlobIndex } from "../index/blob-index.ts";
import type { BlobType } from "../format/blob.ts";
import type { LostBlob } from "./damage-tracer.ts";

export interface Damage {
  /** Info: nothing is lost that cannot be had again. @default "critical" */
  readonly grade?: "info" | "critical";
  /** Stable, in snake case. */
  readonly code: string;
  /** The file, by its name in the repository. */
  readonly object: string;
  /** What is wrong, as in "its bytes are not those it was named after". */
  readonly state: string;
  /** What to do about it, as in `run "holdfast repository repair packs"`. */
  readonly remedy: string;
  /** A snapshot that is lost with it. */
  readonly lostSnapshot?: HexId | undefined;
}

export class Damages {
  readonly #index: BlobIndex;
  readonly #list: Damage[] = [];
  /** Entries that cannot be read, with the number of the damage. */
  readonly #badEntries = new Map<number, number>();
  readonly #missing: LostBlob[] = [];

  constructor(index: BlobIndex) {
    this.#index = index;
  }

  get list(): readonly Damage[] {
    return this.#list;
  }

  /** Gives its number. */
  add(damage: Damage): number {
    return this.#list.push(damage) - 1;
  }

  addBadEntry(entry: number, damage: number): void {
    if (!this.#badEntries.has(entry)) this.#badEntries.set(entry, damage);
  }

  isBad(entry: number): boolean {
    return this.#badEntries.has(entry);
  }

  addMissing(type: BlobType, id: HexId, damage: number): void {
    this.#missing.push({ type, id, damage });
  }

  /** Blobs that cannot be read at any of the places where the index has them, and those that it does not have. */
  lostBlobs(): readonly LostBlob[] {
    const id = new Uint8Array(32);
    const lost: LostBlob[] = [];
    for (const [entry, damage] of this.#badEntries) {
      const type = this.#index.typeOf(entry);
      this.#index.idInto(entry, id, 0);
      const places = this.#index.locations(type, id, 0);
      if (places.every((place) => this.#badEntries.has(place))) lost.push({ type, id: id.toHex() as HexId, damage });
    }
    return [...lost, ...this.#missing];
  }
}
