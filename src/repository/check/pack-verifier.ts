/** Proves that a pack is what the index and its own name say, byte for byte. */
import { DomainError } from "../../base/errors.ts";
import { SHA256_BYTES } from "../../native/lengths.ts";
import { primitives, type Primitives } from "../../native/primitives.ts";
import { BlobDecoder } from "../blob-decoder.ts";
import { Cipher, type MasterKey } from "../format/cipher.ts";
import { scanPackHeader } from "../format/pack-header.ts";
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

  constructor(index: BlobIndex, masterKey: MasterKey) {
    this.#index = index;
    this.#cipher = new Cipher(masterKey);
    this.#decoder = new BlobDecoder(masterKey);
  }

  verify(job: PackJob): PackVerdict {
    const { pack, bytes } = job;
    const faults: string[] = [];
    this.#primitives.sha256Into(bytes, this.#hash, 0);
    const isAsNamed = this.#hash.toHex() === this.#index.packId(pack);
    if (!isAsNamed) faults.push("its bytes are not those it was named after");
    const header = this.#openHeader(job, faults);
    const badEntries =
      header === undefined
        ? entriesOfPack(this.#index, pack).filter((entry) => !this.isReadable(entry, bytes))
        : this.#unreadableIn(header, job);
    return { isAsNamed, faults, badEntries };
  }

  /** Whether a blob opens, unpacks and has its hash. */
  isReadable(entry: number, bytes: Uint8Array): boolean {
    const from = this.#index.offsetOf(entry);
    const to = from + this.#index.lengthOf(entry);
    if (to > bytes.length) return false;
    this.#index.idInto(entry, this.#id, 0);
    return this.#decoder.isWhole(bytes.subarray(from, to), this.#index.uncompressedLengthOf(entry), this.#id, 0);
  }

  #unreadableIn(header: Uint8Array, { pack, bytes }: PackJob): readonly number[] {
    const unreadable: number[] = [];
    scanPackHeader(header, bytes.length, (type, idAt, offset, length, uncompressedLength) => {
      if (this.#decoder.isWhole(bytes.subarray(offset, offset + length), uncompressedLength, header, idAt)) return;
      unreadable.push(this.#index.findAt(type, header, idAt, pack, offset));
    });
    return unreadable;
  }

  /** The pack's list of blobs, if the index agrees with it. */
  #openHeader({ pack, bytes, blobs }: PackJob, faults: string[]): Uint8Array | undefined {
    const index = this.#index;
    let listed = 0;
    let agreed = 0;
    let header: Uint8Array;
    try {
      header = openPackHeader(this.#cipher, bytes, bytes.length);
      scanPackHeader(header, bytes.length, (type, idAt, offset, length, uncompressedLength) => {
        const entry = index.findAt(type, header, idAt, pack, offset);
        listed++;
        if (entry !== -1 && index.lengthOf(entry) === length && index.uncompressedLengthOf(entry) === uncompressedLength) agreed++;
      });
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== "corrupt") throw error;
      faults.push("its list of blobs cannot be read");
      return undefined;
    }
    if (listed === blobs && agreed === blobs) return header;
    faults.push("its list of blobs is not that of the index");
    return undefined;
  }
}

/** Goes through the whole index: only for packs with which something is wrong. */
export function entriesOfPack(index: BlobIndex, pack: number): readonly number[] {
  const entries: number[] = [];
  for (const entry of index.entries()) if (index.packOf(entry) === pack) entries.push(entry);
  return entries;
}
