/** A set of blobs in shared memory that threads add to at the same time: who adds a blob first is the one to store it. */
import type { BlobType } from "../format/blob.ts";
import { typeBit } from "./blob-index.ts";
import { IdTable, MAX_TAG, type SharedIdTable } from "./id-table.ts";

/** 4 MiB of buckets, of which only the touched pages are resident. */
const EXPECTED_BLOBS = 2 ** 20;

export class BlobSet {
  /** What another thread needs to attach; can be posted to it. */
  readonly shared: SharedIdTable;
  readonly #table: IdTable;

  private constructor(table: IdTable) {
    this.#table = table;
    this.shared = table.shared;
  }

  static create(): BlobSet {
    return new BlobSet(IdTable.create({ expectedEntries: EXPECTED_BLOBS, payloadWords: 0 }));
  }

  static attach(shared: SharedIdTable): BlobSet {
    return new BlobSet(IdTable.attach(shared));
  }

  get size(): number {
    return this.#table.size;
  }

  /** Whether the blob was not in the set: true for exactly one caller of all threads. */
  add(type: BlobType, ids: Uint8Array, at: number): boolean {
    return this.#table.insert(ids, at, typeBit(type), 0, 0, 0) > 0;
  }

  has(type: BlobType, ids: Uint8Array, at: number): boolean {
    return this.#table.find(ids, at, typeBit(type), MAX_TAG) !== -1;
  }
}
