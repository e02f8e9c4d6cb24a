/** For tests: takes the packs of a BlobPacker and reads them back. */
import { BlobDecoder } from "../blob-decoder.ts";
import { PACK_BYTES, packBufferBytes, type PackSink, type PackerSettings } from "../blob-packer.ts";
import { Cipher, type MasterKey } from "../format/cipher.ts";
import { decodePackHeader, PACK_TRAILER_BYTES, readPackHeaderLength } from "../format/pack-header.ts";
import type { FinishedPack } from "../pack-buffer.ts";

export const TEST_KEY: MasterKey = {
  encryption: new Uint8Array(32).fill(1),
  macK: new Uint8Array(16).fill(2),
  macR: Uint8Array.fromHex("0f0f0f0f0c0f0f0f0c0f0f0f0c0f0f0f"),
};
export const TEST_SETTINGS: PackerSettings = { masterKey: TEST_KEY, version: 2, packBytes: 16 << 20, level: 1, verify: "all" };

export class PackCollector implements PackSink {
  readonly packs: FinishedPack[] = [];
  /** Every buffer that was handed out. */
  readonly taken: ArrayBuffer[] = [];
  readonly returned: ArrayBuffer[] = [];
  readonly #bufferBytes: number;

  /** @param packBytes the length of the packs that it can hold */
  constructor(packBytes: number = PACK_BYTES) {
    this.#bufferBytes = packBufferBytes(packBytes);
  }

  take(minBytes: number): ArrayBuffer {
    const buffer = new ArrayBuffer(Math.max(minBytes, this.#bufferBytes));
    this.taken.push(buffer);
    return buffer;
  }

  giveBack(buffer: ArrayBuffer): void {
    this.returned.push(buffer);
  }

  store(pack: FinishedPack): void {
    this.packs.push(pack);
  }

  /** Contents by id, as a reader finds them by the packs' own headers. */
  contents(): ReadonlyMap<string, Uint8Array> {
    const decoder = new BlobDecoder(TEST_KEY);
    const found = new Map<string, Uint8Array>();
    for (const { buffer, lengthBytes } of this.packs) {
      const pack = new Uint8Array(buffer, 0, lengthBytes);
      const end = lengthBytes - PACK_TRAILER_BYTES;
      const header = new Cipher(TEST_KEY).open(pack.subarray(end - readPackHeaderLength(pack, lengthBytes), end));
      for (const { id, offset, length, uncompressedLength = 0 } of decodePackHeader(header, lengthBytes)) {
        found.set(id, decoder.decode(pack.subarray(offset, offset + length), uncompressedLength, id));
      }
    }
    return found;
  }
}
