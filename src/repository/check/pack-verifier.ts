/** Proves that a pack is what the index and its own name say, byte for byte. */
import { DomainError } from "../../base/errors.ts";
import { SHA256_BYTES } from "../../native/lengths.ts";
import { primitives, type Primitives } from "../../native/primitives.ts";
import { BlobDecoder } from "../blob-decoder.ts";
import { Cipher, type MasterKey } from "../format/cipher.ts";
import type { HexId } from "../../base/ids.ts";
import type { PlacedEntry } from "../format/pack-header.ts";
import type { BlobIndex } from "../index/blob-index.ts";
import { openPackHeader } from "./pack-listing.ts";

export interface PackJob {
  readonly pack: number;
  /** How many blobs the index has in it. */
  readonly blobs: number;
  readonly bytes: Uint8Array;
}

export interface PackVerdict {
  /** Its bytes are those that it was named after. */
  readonly isAsNamed: boolean;
  /** What is wrong with the file as a whole. */
  readonly faults: readonly string[];
  /** Entries of the index whose blobs cannot be read. */
  readonly badEntries: readonly number[];
}

export class PackVerifier {
  readonly #index: BlobIndex;
  readonly #cipher: Cipher;
  readonly #decoder: BlobDecoder;
  readonly #primitives: Primitives = primitives();
  readonly #hash = new Uint8Array(SHA256_BYTES);
  readonly #id = new Uint8Array(SHA256_BYTES);
  #plain = new Uint8Array(0);

  constructor(index: BlobIndex, masterKey: MasterKey) {
    this.#index = index;
    this.#cipher = new Cipher(masterKey);
    this.#decoder = new BlobDecoder(masterKey);
  }

  verify({ pack, blobs, bytes }: PackJob): PackVerdict {
    const faults: string[] = [];
    this.#primitives.sha256Into(bytes, this.#hash, 0);
    const isAsNamed = this.#hash.toHex() === this.#index.packId(pack);
    if (!isAsNamed) faults.push("its bytes are not those it was named after");
    const listed = this.#listed(pack, bytes, blobs, faults);
    const badEntries = (listed ?? entriesOfPack(this.#index, pack)).filter((entry) => !this.isReadable(entry, bytes));
    return { isAsNamed, faults, badEntries };
  }

  /** Whether a blob opens, unpacks and has its hash. */
  isReadable(entry: number, bytes: Uint8Array): boolean {
    const from = this.#index.offsetOf(entry);
    const to = from + this.#index.lengthOf(entry);
    if (to > bytes.length) return false;
    this.#index.idInto(entry, this.#id, 0);
    return this.hasContent(bytes.subarray(from, to), this.#index.uncompressedLengthOf(entry), this.#id);
  }

  hasContent(sealed: Uint8Array, uncompressedLength: number, id: Uint8Array): boolean {
    const room = Math.max(uncompressedLength, sealed.length);
    if (this.#plain.length < room) this.#plain = new Uint8Array(room);
    try {
      this.#decoder.decodeInto(sealed, uncompressedLength, id.toHex() as HexId, this.#plain);
      return true;
    } catch (error) {
      if (error instanceof DomainError && error.kind === "corrupt") return false;
      throw error;
    }
  }

  /** The entries of the pack, if its header and the index agree on them. */
  #listed(pack: number, bytes: Uint8Array, blobs: number, faults: string[]): readonly number[] | undefined {
    let header: readonly PlacedEntry[];
    try {
      header = openPackHeader(this.#cipher, bytes, bytes.length);
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== "corrupt") throw error;
      faults.push("its list of blobs cannot be read");
      return undefined;
    }
    const entries = header.map((blob) => this.#entryAt(pack, blob));
    if (header.length === blobs && entries.every((entry) => entry !== undefined)) return entries;
    faults.push("its list of blobs is not that of the index");
    return undefined;
  }

  #entryAt(pack: number, { type, id, offset, length, uncompressedLength = 0 }: PlacedEntry): number | undefined {
    const index = this.#index;
    this.#id.setFromHex(id);
    return index
      .locations(type, this.#id, 0)
      .find(
        (entry) =>
          index.packOf(entry) === pack &&
          index.offsetOf(entry) === offset &&
          index.lengthOf(entry) === length &&
          index.uncompressedLengthOf(entry) === uncompressedLength,
      );
  }
}

/** Goes through the whole index: only for packs with which something is wrong. */
export function entriesOfPack(index: BlobIndex, pack: number): readonly number[] {
  const entries: number[] = [];
  for (const entry of index.entries()) if (index.packOf(entry) === pack) entries.push(entry);
  return entries;
}
