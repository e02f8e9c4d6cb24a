/**
 * Where each blob lies: type and id to pack, offset and lengths, in shared memory. Threads insert and look up at the same time;
 * 52 bytes a blob and 4 a bucket.
 */
import type { HexId } from "../../base/ids.ts";
import type { BlobType } from "../format/blob.ts";
import { ID_BYTES, IdTable, type SharedIdTable } from "./id-table.ts";

export interface BlobIndexOptions {
  /** Blobs of the repository and of what will be added; see IdTableOptions. */
  readonly expectedBlobs: number;
}

/** What another thread needs to attach; can be posted to it. */
export interface SharedBlobIndex {
  readonly blobs: SharedIdTable;
  readonly packs: SharedIdTable;
}

/** 4 MiB of buckets, of which only the touched pages are resident: small indexes may grow by millions of blobs. */
const MIN_EXPECTED_BLOBS = 2 ** 20;
/** What a pack of 16 MiB holds at the mean length of a chunk. */
const BLOBS_PER_PACK = 16;

/** A blob's tag: pack number << 1, and the type. */
const TYPE_MASK = 1;

export class BlobIndex {
  readonly shared: SharedBlobIndex;
  readonly #blobs: IdTable;
  readonly #packs: IdTable;
  readonly #scratch = new Uint8Array(ID_BYTES);

  private constructor(blobs: IdTable, packs: IdTable) {
    this.#blobs = blobs;
    this.#packs = packs;
    this.shared = { blobs: blobs.shared, packs: packs.shared };
  }

  static create({ expectedBlobs }: BlobIndexOptions): BlobIndex {
    const expectedEntries = Math.max(expectedBlobs, MIN_EXPECTED_BLOBS);
    return new BlobIndex(
      IdTable.create({ expectedEntries, payloadWords: 3 }),
      IdTable.create({ expectedEntries: expectedEntries / BLOBS_PER_PACK, payloadWords: 0 }),
    );
  }

  static attach({ blobs, packs }: SharedBlobIndex): BlobIndex {
    return new BlobIndex(IdTable.attach(blobs), IdTable.attach(packs));
  }

  /** Number of entries: a blob counts once for each place it lies at. */
  get size(): number {
    return this.#blobs.size;
  }

  get packCount(): number {
    return this.#packs.size;
  }

  /** The number of a pack; the same one each time, in all threads. */
  addPack(ids: Uint8Array, at: number): number {
    return Math.abs(this.#packs.insert(ids, at, 0, 0, 0, 0));
  }

  packId(pack: number): HexId {
    this.#packs.idInto(pack, this.#scratch, 0);
    return this.#scratch.toHex() as HexId;
  }

  /** Numbers of all packs. No thread may be inserting meanwhile. */
  packs(): Iterable<number> {
    return this.#packs.entries();
  }

  /**
   * Adds a place where a blob lies. A place that is known already is not added again, and no blob has more than 256 places:
   * those beyond are left out, because only a hostile index has them.
   *
   * @param pack from addPack()
   * @param length as stored, sealed
   * @param uncompressedLength 0: the blob is not compressed
   * @returns whether it is new
   */
  insert(type: BlobType, ids: Uint8Array, at: number, pack: number, offset: number, length: number, uncompressedLength: number): boolean {
    return this.#blobs.insert(ids, at, (pack << 1) | typeBit(type), offset, length, uncompressedLength) > 0;
  }

  /** The entry of one of the places where a blob lies; -1: unknown. */
  find(type: BlobType, ids: Uint8Array, at: number): number {
    return this.#blobs.find(ids, at, typeBit(type), TYPE_MASK);
  }

  findHex(type: BlobType, id: HexId): number {
    this.#scratch.setFromHex(id);
    return this.find(type, this.#scratch, 0);
  }

  /** The entries of all places where a blob lies. */
  locations(type: BlobType, ids: Uint8Array, at: number): readonly number[] {
    const entries: number[] = [];
    for (let entry = this.find(type, ids, at); entry !== -1; entry = this.#blobs.findNext(entry, typeBit(type), TYPE_MASK)) {
      entries.push(entry);
    }
    return entries;
  }

  /** The entry of a blob at one place; -1: it does not lie there. */
  findAt(type: BlobType, ids: Uint8Array, at: number, pack: number, offset: number): number {
    let entry = this.find(type, ids, at);
    while (entry !== -1 && (this.packOf(entry) !== pack || this.offsetOf(entry) !== offset)) {
      entry = this.#blobs.findNext(entry, typeBit(type), TYPE_MASK);
    }
    return entry;
  }

  /** The entries of all blobs, once for each place. No thread may be inserting meanwhile. */
  entries(): Iterable<number> {
    return this.#blobs.entries();
  }

  idInto(entry: number, target: Uint8Array, at: number): void {
    this.#blobs.idInto(entry, target, at);
  }

  idOf(entry: number): HexId {
    this.#blobs.idInto(entry, this.#scratch, 0);
    return this.#scratch.toHex() as HexId;
  }

  typeOf(entry: number): BlobType {
    return (this.#blobs.tagOf(entry) & TYPE_MASK) === 0 ? "data" : "tree";
  }

  packOf(entry: number): number {
    return this.#blobs.tagOf(entry) >>> 1;
  }

  /** Where in the pack the sealed blob begins. */
  offsetOf(entry: number): number {
    return this.#blobs.payloadOf(entry, 0);
  }

  /** Length of the sealed blob. */
  lengthOf(entry: number): number {
    return this.#blobs.payloadOf(entry, 1);
  }

  /** Length of the content of a compressed blob; 0: it is not compressed. */
  uncompressedLengthOf(entry: number): number {
    return this.#blobs.payloadOf(entry, 2);
  }
}

/** The bit that tells types apart in tags. */
export function typeBit(type: BlobType): 0 | 1 {
  return type === "data" ? 0 : 1;
}
