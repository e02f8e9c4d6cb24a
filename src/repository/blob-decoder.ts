/** From a sealed blob to its content, checked against its id. Synchronous; one for each thread. */
import type { HexId } from "../base/ids.ts";
import { DomainError } from "../base/errors.ts";
import { SHA256_BYTES } from "../native/lengths.ts";
import { primitives, type Primitives } from "../native/primitives.ts";
import { Cipher, type MasterKey, SEAL_OVERHEAD } from "./format/cipher.ts";

export interface DecodedBlob {
  readonly plain: Uint8Array;
  /** A zstd frame. */
  readonly compressed: Uint8Array | undefined;
}

export class BlobDecoder {
  readonly #cipher: Cipher;
  readonly #primitives: Primitives = primitives();
  readonly #hash = new Uint8Array(SHA256_BYTES);
  #body = new Uint8Array(0);
  #plain = new Uint8Array(0);

  constructor(masterKey: MasterKey) {
    this.#cipher = new Cipher(masterKey);
  }

  /**
   * @param uncompressedLength as the index has it; 0: it is not compressed
   * @returns memory of its own
   * @throws {DomainError} corrupt/unauthentic
   * @throws {DomainError} corrupt/zstd
   * @throws {DomainError} corrupt/blob_length: not as long as it is said to be
   * @throws {DomainError} corrupt/blob_hash: whole, but not what its id promises
   */
  decode(sealed: Uint8Array, uncompressedLength: number, id: HexId): Uint8Array<ArrayBuffer> {
    const plain = new Uint8Array(uncompressedLength === 0 ? Math.max(sealed.length - SEAL_OVERHEAD, 0) : uncompressedLength);
    this.decodeInto(sealed, uncompressedLength, id, plain);
    return plain;
  }

  /** Like decode(), into the start of `target`, which is long enough; gives the bytes written. */
  decodeInto(sealed: Uint8Array, uncompressedLength: number, id: HexId, target: Uint8Array): number {
    const written = this.#readInto(sealed, uncompressedLength, target);
    if (this.#hash.toHex() === id) return written;
    throw new DomainError("corrupt", "blob_hash", `Cannot use blob "${id}": its content has another hash`);
  }

  /** Whether decode() would give the content of the id that begins at `ids[at]`. */
  isWhole(sealed: Uint8Array, uncompressedLength: number, ids: Uint8Array, at: number): boolean {
    try {
      this.#readInto(sealed, uncompressedLength, this.#roomFor(sealed, uncompressedLength));
    } catch (error) {
      if (error instanceof DomainError && error.kind === "corrupt") return false;
      throw error;
    }
    return this.#hash.every((byte, index) => byte === ids[at + index]);
  }

  /** Like decode(), and gives the compressed body too if there is one. Both are valid until the next call of anything here. */
  decodeBoth(sealed: Uint8Array, uncompressedLength: number, id: HexId): DecodedBlob {
    const room = this.#roomFor(sealed, uncompressedLength);
    const plain = room.subarray(0, this.decodeInto(sealed, uncompressedLength, id, room));
    return { plain, compressed: uncompressedLength === 0 ? undefined : this.#body.subarray(0, sealed.length - SEAL_OVERHEAD) };
  }

  #roomFor(sealed: Uint8Array, uncompressedLength: number): Uint8Array {
    const room = uncompressedLength === 0 ? sealed.length : uncompressedLength;
    if (this.#plain.length < room) this.#plain = new Uint8Array(room);
    return this.#plain;
  }

  /** Leaves the hash of what it wrote. */
  #readInto(sealed: Uint8Array, uncompressedLength: number, target: Uint8Array): number {
    const written = uncompressedLength === 0 ? this.#cipher.openInto(sealed, target) : this.#unpackInto(sealed, uncompressedLength, target);
    this.#primitives.sha256Into(target.subarray(0, written), this.#hash, 0);
    return written;
  }

  #unpackInto(sealed: Uint8Array, uncompressedLength: number, target: Uint8Array): number {
    if (this.#body.length < sealed.length) this.#body = new Uint8Array(sealed.length);
    const bodyBytes = this.#cipher.openInto(sealed, this.#body);
    const written = this.#primitives.zstdDecompressInto(this.#body.subarray(0, bodyBytes), target.subarray(0, uncompressedLength));
    if (written === uncompressedLength) return written;
    // Places of blobs in files are worked out with what the index says.
    const state = `it has ${written} bytes, not the ${uncompressedLength} that the index says`;
    throw new DomainError("corrupt", "blob_length", `Cannot use a blob: ${state}`);
  }
}
