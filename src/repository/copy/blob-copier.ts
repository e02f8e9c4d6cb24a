/** Takes one blob after the other from the source to the target. Synchronous; one for each thread. */
import { DomainError } from "../../base/errors.ts";
import { BlobDecoder, type DecodedBlob } from "../blob-decoder.ts";
import type { BlobPacker } from "../blob-packer.ts";
import type { MasterKey } from "../format/cipher.ts";
import type { RepositoryVersion } from "../format/config.ts";
import { REPOSITORY_LIMITS } from "../format/limits.ts";
import type { BlobIndex } from "../index/blob-index.ts";

const ID_BYTES = 32;

export class BlobCopier {
  readonly #decoder: BlobDecoder;
  readonly #source: BlobIndex;
  readonly #packer: BlobPacker;
  readonly #version: RepositoryVersion;
  readonly #id = new Uint8Array(ID_BYTES);

  /** @param version of the target */
  constructor(masterKey: MasterKey, source: BlobIndex, packer: BlobPacker, version: RepositoryVersion) {
    this.#decoder = new BlobDecoder(masterKey);
    this.#source = source;
    this.#packer = packer;
    this.#version = version;
  }

  /** Valid until the next call. */
  decode(entry: number, sealed: Uint8Array): DecodedBlob | { readonly fault: string } {
    const uncompressedLength = this.#source.uncompressedLengthOf(entry);
    const { dataBlobBytes, treeBlobBytes } = REPOSITORY_LIMITS;
    const limit = this.#source.typeOf(entry) === "data" ? dataBlobBytes : treeBlobBytes;
    if (Math.max(uncompressedLength, sealed.length) > limit) return { fault: `it is longer than ${limit} bytes` };
    try {
      return this.#decoder.decodeBoth(sealed, uncompressedLength, this.#source.idOf(entry));
    } catch (error) {
      if (error instanceof DomainError && error.kind === "corrupt") return { fault: error.message };
      throw error;
    }
  }

  /** What was compressed stays so: making it again would take most of the time. */
  store(entry: number, { plain, compressed }: DecodedBlob): void {
    if (compressed !== undefined && this.#version !== 1) {
      this.#source.idInto(entry, this.#id, 0);
      this.#packer.addCompressed(compressed, plain.length, this.#id, 0);
    } else {
      this.#packer.add(plain, this.#id, 0);
    }
  }
}
