/** Takes what can still be read of a damaged pack into a new one, in a thread. */
import { primitives } from "../../native/primitives.ts";
import type { HexId } from "../../base/ids.ts";
import { BlobDecoder } from "../blob-decoder.ts";
import { entriesOfPack, PackVerifier } from "../check/pack-verifier.ts";
import { openPackHeader } from "../check/pack-listing.ts";
import { DomainError } from "../../base/errors.ts";
import { Cipher, type MasterKey, SEAL_OVERHEAD } from "../format/cipher.ts";
import { decodePackHeader, encodePackHeader, MAX_PACK_ENTRY_BYTES, PACK_TRAILER_BYTES } from "../format/pack-header.ts";
import type { BlobIndex } from "../index/blob-index.ts";
import { type FinishedPack, PackBuffer, type PackedBlob } from "../pack-buffer.ts";

export interface SalvageJob {
  /** Its number in the index; undefined if no index file names it. */
  readonly pack: number | undefined;
  readonly bytes: Uint8Array;
  /** Numbers of packs that cannot be counted on either: what lies in another one is not taken again. */
  readonly given: readonly number[];
}

export interface Salvage {
  /** undefined: there is nothing in it that is not elsewhere, too. */
  readonly pack: Omit<FinishedPack, "type"> | undefined;
  /** Entries of the index that cannot be read in the damaged pack. */
  readonly badEntries: readonly number[];
}

const ID_BYTES = 32;

export class Salvager {
  readonly #index: BlobIndex;
  readonly #cipher: Cipher;
  readonly #verifier: PackVerifier;
  readonly #decoder: BlobDecoder;
  readonly #id = new Uint8Array(ID_BYTES);

  constructor(index: BlobIndex, masterKey: MasterKey) {
    this.#index = index;
    this.#cipher = new Cipher(masterKey);
    this.#verifier = new PackVerifier(index, masterKey);
    this.#decoder = new BlobDecoder(masterKey);
  }

  salvage({ pack, bytes, given }: SalvageJob): Salvage {
    const entries = pack === undefined ? [] : entriesOfPack(this.#index, pack);
    const badEntries = entries.filter((entry) => !this.#verifier.isReadable(entry, bytes));
    const unreadable = new Set(badEntries);
    const blobs = new Map<string, PackedBlob>();
    const indexed = entries.filter((entry) => !unreadable.has(entry)).map((entry) => this.#blobAt(entry));
    for (const blob of [...indexed, ...this.#listed(bytes)]) {
      if (!this.#isElsewhere(blob, given)) blobs.set(`${blob.type} ${blob.id}`, blob);
    }
    return { pack: blobs.size === 0 ? undefined : this.#repack([...blobs.values()], bytes), badEntries };
  }

  #blobAt(entry: number): PackedBlob {
    const index = this.#index;
    return {
      type: index.typeOf(entry),
      id: index.idOf(entry),
      offset: index.offsetOf(entry),
      length: index.lengthOf(entry),
      uncompressedLength: index.uncompressedLengthOf(entry),
    };
  }

  /** Readable blobs of the pack's own list, which may say more than the index. */
  #listed(bytes: Uint8Array): PackedBlob[] {
    try {
      return decodePackHeader(openPackHeader(this.#cipher, bytes, bytes.length), bytes.length)
        .map(({ type, id, offset, length, uncompressedLength = 0 }) => ({ type, id, offset, length, uncompressedLength }))
        .filter(({ id, offset, length, uncompressedLength }) => {
          this.#id.setFromHex(id);
          return this.#decoder.isWhole(bytes.subarray(offset, offset + length), uncompressedLength, this.#id, 0);
        });
    } catch (error) {
      if (error instanceof DomainError && error.kind === "corrupt") return [];
      throw error;
    }
  }

  #isElsewhere({ type, id }: PackedBlob, given: readonly number[]): boolean {
    this.#id.setFromHex(id);
    return this.#index.locations(type, this.#id, 0).some((entry) => !given.includes(this.#index.packOf(entry)));
  }

  /** Sealed blobs stay as they are: only the list behind them is new. */
  #repack(blobs: readonly PackedBlob[], bytes: Uint8Array): Omit<FinishedPack, "type"> {
    const blobBytes = blobs.reduce((sum, { length }) => sum + length, 0);
    const pack = new PackBuffer(new ArrayBuffer(blobBytes + blobs.length * MAX_PACK_ENTRY_BYTES + SEAL_OVERHEAD + PACK_TRAILER_BYTES));
    for (const { type, id, offset, length, uncompressedLength } of blobs) {
      pack.bytes.set(bytes.subarray(offset, offset + length), pack.length);
      pack.append(type, id, length, uncompressedLength);
    }
    const headerBytes = this.#cipher.sealInto(encodePackHeader(pack.entries()), pack.bytes, pack.length);
    const lengthBytes = pack.length + headerBytes + PACK_TRAILER_BYTES;
    new DataView(pack.bytes.buffer).setUint32(lengthBytes - PACK_TRAILER_BYTES, headerBytes, true);
    const sha256 = new Uint8Array(ID_BYTES);
    primitives().sha256Into(pack.bytes.subarray(0, lengthBytes), sha256, 0);
    return { id: sha256.toHex() as HexId, sha256, buffer: pack.bytes.buffer, lengthBytes, blobs: pack.blobs };
  }
}
