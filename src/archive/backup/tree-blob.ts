/** Builds the tree of one folder in memory and stores it. */
import type { ByteString } from "../../base/byte-string.ts";
import type { HexId } from "../../base/ids.ts";
import type { BlobPacker } from "../../repository/blob-packer.ts";

const HEAD = '{"nodes":[';
const TAIL = "]}\n";
const FIRST_BYTES = 4096;
const ID_BYTES = 32;

export class TreeBlob {
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;
  #separator = HEAD;

  /** A node as JSON; they come in the order of their names' bytes. */
  add(node: ByteString): void {
    this.#write(this.#separator);
    this.#write(node);
    this.#separator = ",";
  }

  /** Gives the tree's id, and whether the repository did not have it yet. */
  store(packer: BlobPacker): { readonly id: HexId; readonly isNew: boolean } {
    this.#write(this.#separator === HEAD ? HEAD + TAIL : TAIL);
    const id = new Uint8Array(ID_BYTES);
    const isNew = packer.add(this.#bytes.subarray(0, this.#length), id, 0);
    return { id: id.toHex() as HexId, isNew };
  }

  #write(text: string): void {
    if (this.#length + text.length > this.#bytes.length) {
      const longer = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#length + text.length));
      this.#bytes.copy(longer, 0, 0, this.#length);
      this.#bytes = longer;
    }
    this.#length += this.#bytes.write(text, this.#length, "latin1");
  }
}
