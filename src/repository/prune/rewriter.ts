/**
 * Moves what is needed out of packs that are rewritten into new ones. Each blob is opened and hashed, and moved as it is sealed, or
 * compressed and sealed anew if that is asked for. Synchronous.
 */
import { DomainError } from "../../base/errors.ts";
import { BlobDecoder } from "../blob-decoder.ts";
import { BlobPacker, MAX_SHARED_BLOB_BYTES, type PackerSettings, type PackSink, packBufferBytes } from "../blob-packer.ts";
import type { BlobType } from "../format/blob.ts";
import { SEAL_OVERHEAD } from "../format/cipher.ts";
import { MAX_PACK_ENTRY_BYTES, PACK_TRAILER_BYTES } from "../format/pack-header.ts";
import { BlobIndex } from "../index/blob-index.ts";
import { BlobSet } from "../index/blob-set.ts";
import { ID_BYTES } from "../index/id-table.ts";
import { type FinishedPack, PackBuffer } from "../pack-buffer.ts";
import { firstEntryOf } from "./count-packs.ts";
import type { PackFate } from "./decide.ts";
import { EntrySet, entryLimit } from "../index/entry-set.ts";

/** A part of a pack, from the first to the last blob that is needed of it. */
export interface PackRange {
  readonly pack: number;
  readonly offset: number;
  readonly length: number;
}

export interface RewriterOptions {
  readonly index: BlobIndex;
  /** First entries of the blobs that are needed; see firstEntryOf(). */
  readonly used: EntrySet;
  /** By number of pack. */
  readonly fates: readonly (PackFate | undefined)[];
  readonly packer: PackerSettings;
  /** Compress what is not. */
  readonly compress: boolean;
}

export class Rewriter implements PackSink {
  readonly #options: RewriterOptions;
  readonly #decoder: BlobDecoder;
  readonly #firstOf: (entry: number) => number;
  /** Of the needed blobs, those that are in packs which stay, or in new ones. */
  readonly #safe: EntrySet;
  /** By pack, in the order of the pack. */
  readonly #needed: ReadonlyMap<number, readonly number[]>;
  readonly #packers: Readonly<Record<BlobType, BlobPacker>>;
  readonly #collecting: Partial<Record<BlobType, PackBuffer>> = {};
  readonly #spare: ArrayBuffer[] = [];
  #finished: FinishedPack[] = [];
  readonly #bufferBytes: number;
  #plain = new Uint8Array(MAX_SHARED_BLOB_BYTES);

  constructor(options: RewriterOptions) {
    const { index, packer } = options;
    this.#options = options;
    this.#bufferBytes = packBufferBytes(packer.packBytes);
    this.#decoder = new BlobDecoder(packer.masterKey);
    this.#firstOf = firstEntryOf(index);
    this.#safe = this.#findKept();
    this.#needed = this.#findNeeded();
    // What is moved is in the index, and must be stored all the same.
    const nothing = BlobIndex.create({ expectedBlobs: 1 });
    const fresh = BlobSet.create();
    this.#packers = {
      data: new BlobPacker("data", packer, nothing, fresh, this),
      tree: new BlobPacker("tree", packer, nothing, fresh, this),
    };
  }

  /** What must be read, each pack once. */
  get ranges(): readonly PackRange[] {
    const { index } = this.#options;
    return Array.from(this.#needed, ([pack, entries]) => {
      const [first = 0] = entries;
      const offset = index.offsetOf(first);
      const end = entries.reduce((last, entry) => Math.max(last, index.offsetOf(entry) + index.lengthOf(entry)), 0);
      return { pack, offset, length: end - offset };
    });
  }

  /** @throws {DomainError} corrupt/pack_damaged: a blob that is needed is not what it should be */
  rewrite({ pack, offset }: PackRange, bytes: Uint8Array): void {
    const { index } = this.#options;
    for (const entry of this.#needed.get(pack) ?? []) {
      if (!this.#safe.add(this.#firstOf(entry))) continue;
      const from = index.offsetOf(entry) - offset;
      this.#move(entry, bytes.subarray(from, from + index.lengthOf(entry)));
    }
  }

  /** Closes the packs that are not full. Everything that is needed has a place then. */
  finish(): void {
    this.#handOver("data");
    this.#handOver("tree");
    this.#packers.data.flush();
    this.#packers.tree.flush();
    const { index, used } = this.#options;
    for (const entry of index.entries()) {
      if (used.has(entry) && !this.#safe.has(entry)) {
        throw new DomainError("internal", "blob_not_rewritten", `Cannot go on with prune: blob "${index.idOf(entry)}" would be lost`);
      }
    }
  }

  /** The packs that were finished since the last call. */
  takeFinished(): readonly FinishedPack[] {
    const finished = this.#finished;
    this.#finished = [];
    return finished;
  }

  take(minBytes: number): ArrayBuffer {
    return (minBytes <= this.#bufferBytes ? this.#spare.pop() : undefined) ?? new ArrayBuffer(Math.max(minBytes, this.#bufferBytes));
  }

  giveBack(buffer: ArrayBuffer): void {
    if (buffer.byteLength === this.#bufferBytes) this.#spare.push(buffer);
  }

  store(pack: FinishedPack): void {
    this.#finished.push(pack);
  }

  #findKept(): EntrySet {
    const { index, used, fates } = this.#options;
    const kept = EntrySet.create(entryLimit(index));
    for (const entry of index.entries()) {
      if (fates[index.packOf(entry)] !== "keep") continue;
      const first = this.#firstOf(entry);
      if (used.has(first)) kept.add(first);
    }
    return kept;
  }

  #findNeeded(): ReadonlyMap<number, readonly number[]> {
    const { index, used, fates } = this.#options;
    const needed = new Map<number, number[]>();
    for (const entry of index.entries()) {
      const pack = index.packOf(entry);
      if (fates[pack] !== "rewrite") continue;
      const first = this.#firstOf(entry);
      if (!used.has(first) || this.#safe.has(first)) continue;
      const entries = needed.get(pack);
      if (entries === undefined) needed.set(pack, [entry]);
      else entries.push(entry);
    }
    for (const entries of needed.values()) entries.sort((a, b) => index.offsetOf(a) - index.offsetOf(b));
    return needed;
  }

  #move(entry: number, sealed: Uint8Array): void {
    const { index, compress } = this.#options;
    const type = index.typeOf(entry);
    const uncompressedLength = index.uncompressedLengthOf(entry);
    const plain = this.#open(entry, sealed);
    if (compress && uncompressedLength === 0) {
      this.#packers[type].add(plain, new Uint8Array(ID_BYTES), 0);
      return;
    }
    const target = this.#roomFor(type, sealed.length);
    target.bytes.set(sealed, target.length);
    target.append(type, index.idOf(entry), sealed.length, uncompressedLength);
    if (target.length >= this.#packers[type].packBytes) this.#handOver(type);
  }

  #open(entry: number, sealed: Uint8Array): Uint8Array {
    const { index } = this.#options;
    const uncompressedLength = index.uncompressedLengthOf(entry);
    const plainBytes = Math.max(uncompressedLength, sealed.length);
    if (this.#plain.length < plainBytes) this.#plain = new Uint8Array(plainBytes);
    try {
      return this.#plain.subarray(0, this.#decoder.decodeInto(sealed, uncompressedLength, index.idOf(entry), this.#plain));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      const pack = index.packId(index.packOf(entry));
      throw new DomainError("corrupt", "pack_damaged", `Cannot rewrite pack "${pack}": ${error.message}`, {
        cause: error,
        details: { pack },
        hint: 'Nothing was removed. Run "holdfast repository check --read-data", then "holdfast repository repair packs"',
      });
    }
  }

  #roomFor(type: BlobType, sealedBytes: number): PackBuffer {
    const open = this.#collecting[type];
    if (open?.hasRoomFor(sealedBytes, headerBytes(open.blobs.length + 1)) === true) return open;
    this.#handOver(type);
    const next = new PackBuffer(this.take(sealedBytes + headerBytes(1)));
    this.#collecting[type] = next;
    return next;
  }

  #handOver(type: BlobType): void {
    const collected = this.#collecting[type];
    delete this.#collecting[type];
    if (collected !== undefined) this.#packers[type].absorb(collected.rest());
  }
}

/** The most bytes that header and trailer of a pack with so many blobs take. */
function headerBytes(blobs: number): number {
  return blobs * MAX_PACK_ENTRY_BYTES + SEAL_OVERHEAD + PACK_TRAILER_BYTES;
}
