/** One open pack in memory: sealed blobs one after the other, and the list of them that becomes its header. */
import type { HexId } from "../base/ids.ts";
import type { BlobType } from "./format/blob.ts";
import { SEAL_OVERHEAD } from "./format/cipher.ts";
import type { PackEntry } from "./format/pack-header.ts";

/** A blob as it lies in a pack. `uncompressedLength` is 0 for one that is stored as it is. */
export interface PackedBlob {
  readonly type: BlobType;
  readonly id: HexId;
  readonly offset: number;
  readonly length: number;
  readonly uncompressedLength: number;
}

/** A pack that is ready to be stored. */
export interface FinishedPack {
  readonly id: HexId;
  /** SHA-256 of the bytes, as bytes. */
  readonly sha256: Uint8Array;
  readonly type: BlobType;
  /** The pack lies at its start. Goes back to the one who made it once it is stored. */
  readonly buffer: ArrayBuffer;
  readonly lengthBytes: number;
  readonly blobs: readonly PackedBlob[];
}

/** What an unfinished pack holds, on its way to another thread. */
export interface PackRest {
  readonly buffer: ArrayBuffer;
  readonly lengthBytes: number;
  readonly blobs: readonly PackedBlob[];
}

export class PackBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #blobs: PackedBlob[] = [];
  #length = 0;

  constructor(buffer: ArrayBuffer) {
    this.bytes = new Uint8Array(buffer);
  }

  get length(): number {
    return this.#length;
  }

  get blobs(): readonly PackedBlob[] {
    return this.#blobs;
  }

  /** Room that a blob of so many bytes certainly finds, whether it shrinks or not. */
  hasRoomFor(plainBytes: number, headerBytes: number): boolean {
    return this.#length + plainBytes + SEAL_OVERHEAD + headerBytes <= this.bytes.length;
  }

  /** Takes note of a blob that was sealed at the end of what is there. */
  append(type: BlobType, id: HexId, length: number, uncompressedLength: number): void {
    this.#blobs.push({ type, id, offset: this.#length, length, uncompressedLength });
    this.#length += length;
  }

  /** Goes on where another thread stopped. */
  static of(rest: PackRest): PackBuffer {
    const pack = new PackBuffer(rest.buffer);
    for (const { type, id, length, uncompressedLength } of rest.blobs) pack.append(type, id, length, uncompressedLength);
    return pack;
  }

  /** Takes over blobs that were sealed elsewhere, as they are. */
  absorb(rest: PackRest): void {
    this.bytes.set(new Uint8Array(rest.buffer, 0, rest.lengthBytes), this.#length);
    for (const { type, id, length, uncompressedLength } of rest.blobs) this.append(type, id, length, uncompressedLength);
  }

  rest(): PackRest {
    return { buffer: this.bytes.buffer, lengthBytes: this.#length, blobs: this.#blobs };
  }

  entries(): PackEntry[] {
    return this.#blobs.map(({ type, id, length, uncompressedLength }) =>
      uncompressedLength === 0 ? { type, id, length } : { type, id, length, uncompressedLength },
    );
  }
}
