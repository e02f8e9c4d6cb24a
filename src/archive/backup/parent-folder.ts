/** One folder of an earlier snapshot. Its names are asked for in rising order, so its tree is unpacked only as far as needed. */
import type { ByteString } from "../../base/byte-string.ts";
import { DomainError } from "../../base/errors.ts";
import { primitives } from "../../native/primitives.ts";
import { REPOSITORY_LIMITS } from "../../repository/format/limits.ts";
import { type ScannedNode, TreeScanner } from "../../repository/format/tree/decode.ts";

/** A longer tree is unpacked piece by piece, */
const SHORT_TREE_BYTES = 256 << 10;
/** from so much of what is compressed. */
const SLICE_BYTES = 64 << 10;

export class ParentFolder {
  readonly #scanner = new TreeScanner();
  readonly #pieces: Iterator<Uint8Array>;
  readonly #damaged: (error: DomainError) => void;
  #current: ScannedNode | undefined;
  #isDamaged = false;

  /**
   * @param body The opened blob; it was authentic, and it is not hashed: whoever could forge it has the key
   * @param plainBytes Its length before compression; 0: it is not compressed
   * @param damaged told if the tree is none; what would follow counts as not there
   */
  constructor(body: Uint8Array, plainBytes: number, damaged: (error: DomainError) => void) {
    this.#pieces = piecesOf(body, plainBytes);
    this.#damaged = damaged;
  }

  /** False once it was found damaged. */
  get isWhole(): boolean {
    return !this.#isDamaged && this.#scanner.ordered;
  }

  /** Valid until the next call. */
  find(name: ByteString): ScannedNode | undefined {
    this.#current ??= this.next();
    while (this.#current !== undefined && this.#current.name < name) this.#current = this.next();
    return this.#current?.name === name ? this.#current : undefined;
  }

  /** The next node, for a walk over all of them: not together with find(). Valid until the next call. */
  next(): ScannedNode | undefined {
    if (this.#isDamaged) return undefined;
    try {
      return this.#scan();
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.#isDamaged = true;
      this.#damaged(error);
      return undefined;
    }
  }

  #scan(): ScannedNode | undefined {
    for (;;) {
      const node = this.#scanner.next();
      if (node !== undefined) return node;
      const piece = this.#pieces.next();
      if (piece.done === true) return undefined;
      this.#scanner.push(piece.value);
    }
  }
}

function* piecesOf(body: Uint8Array, plainBytes: number): Generator<Uint8Array, void, undefined> {
  if (plainBytes === 0) yield body;
  else if (plainBytes <= SHORT_TREE_BYTES) yield unpackedAtOnce(body, plainBytes);
  else yield* unpacked(body);
}

function unpackedAtOnce(body: Uint8Array, plainBytes: number): Uint8Array {
  const plain = new Uint8Array(plainBytes);
  return plain.subarray(0, primitives().zstdDecompressInto(body, plain));
}

function* unpacked(body: Uint8Array): Generator<Uint8Array, void, undefined> {
  let pieces: Uint8Array[] = [];
  using zstd = primitives().zstdDecompressor(REPOSITORY_LIMITS.treeBlobBytes, (piece) => pieces.push(new Uint8Array(piece)));
  for (let at = 0; at < body.length; at += SLICE_BYTES) {
    zstd.push(body.subarray(at, at + SLICE_BYTES));
    yield* pieces;
    pieces = [];
  }
  zstd.finish();
  yield* pieces;
}
