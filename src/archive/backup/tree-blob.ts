/** The tree of one folder, from its first node to the stored blob. */
import type { ByteString } from "../../base/byte-string.ts";
import type { HexId } from "../../base/ids.ts";
import { type BlobPacker, type LongBlob, MAX_SHARED_BLOB_BYTES } from "../../repository/blob-packer.ts";
import { TreeEncoder } from "../../repository/format/tree/encode.ts";

const ID_BYTES = 32;

export class TreeBlob {
  readonly #packer: BlobPacker;
  #encoder = new TreeEncoder((piece) => this.#take(piece));
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #entries = 0;
  /** For a folder of very many entries, whose tree must not be in memory as a whole. */
  #long: LongBlob | undefined;

  constructor(packer: BlobPacker) {
    this.#packer = packer;
  }

  get isEmpty(): boolean {
    return this.#entries === 0;
  }

  /** A node as JSON; they come in the order of their names' bytes. */
  add(name: ByteString, node: ByteString): void {
    this.#encoder.addJson(name, node);
    this.#entries++;
  }

  /** A tree with what this one has so far; undefined if that is too long to be held. */
  copy(): TreeBlob | undefined {
    if (this.#long !== undefined) return undefined;
    const copy = new TreeBlob(this.#packer);
    copy.#encoder = this.#encoder.copy((piece) => copy.#take(piece));
    copy.#pieces = [...this.#pieces];
    copy.#bytes = this.#bytes;
    copy.#entries = this.#entries;
    return copy;
  }

  /** Gives the tree's id. */
  store(): HexId {
    this.#encoder.finish();
    const id = new Uint8Array(ID_BYTES);
    if (this.#long === undefined) this.#packer.add(this.#whole(), id, 0);
    else this.#long.finish(id, 0);
    return id.toHex() as HexId;
  }

  #take(piece: Uint8Array): void {
    this.#bytes += piece.length;
    if (this.#long === undefined && this.#bytes > MAX_SHARED_BLOB_BYTES) {
      this.#long = this.#packer.addLong();
      for (const earlier of this.#pieces.splice(0)) this.#long.write(earlier);
    }
    if (this.#long === undefined) this.#pieces.push(piece);
    else this.#long.write(piece);
  }

  #whole(): Uint8Array {
    const [first, ...others] = this.#pieces;
    return first !== undefined && others.length === 0 ? first : Buffer.concat(this.#pieces);
  }
}
