/** Trees of a snapshot, node by node. Nothing of a tree is given before all of it is authentic and has the hash it is named by. */
import { createHash } from "node:crypto";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { primitives } from "../../native/primitives.ts";
import { BlobDecoder } from "../../repository/blob-decoder.ts";
import { Cipher, type MasterKey, SEAL_OVERHEAD } from "../../repository/format/cipher.ts";
import { REPOSITORY_LIMITS } from "../../repository/format/limits.ts";
import { type ScannedNode, TreeScanner } from "../../repository/format/tree/decode.ts";
import type { BlobIndex } from "../../repository/index/blob-index.ts";

/** Where a sealed tree lies. */
export interface TreePlace {
  readonly pack: HexId;
  readonly offset: number;
  readonly length: number;
}

/** Gives memory that the caller may write to. */
export type FetchTree = (place: TreePlace) => Promise<Uint8Array>;

/** Longer trees are unpacked twice, piece by piece, to check and to read them: a folder of a million files is 350 MB. */
const MAX_WHOLE_BYTES = 16 << 20;
/** As much packed content as goes into a stream at once; a hostile frame makes some 100 MB of it at most. */
const PUSH_BYTES = 8 << 10;
const NONCE_BYTES = 16;
const ID_BYTES = 32;

export class Trees {
  readonly #fetch: FetchTree;
  readonly #index: BlobIndex;
  readonly #decoder: BlobDecoder;
  readonly #cipher: Cipher;

  constructor(fetch: FetchTree, index: BlobIndex, masterKey: MasterKey) {
    this.#fetch = fetch;
    this.#index = index;
    this.#decoder = new BlobDecoder(masterKey);
    this.#cipher = new Cipher(masterKey);
  }

  /**
   * Tries all places where the tree lies.
   *
   * @throws {DomainError} corrupt/tree_missing, and what is wrong with the last place
   */
  async open(id: HexId): Promise<TreeNodes> {
    const idBytes = Uint8Array.fromHex(id);
    let failure: DomainError | undefined;
    for (const entry of this.#index.locations("tree", idBytes, 0)) {
      try {
        return await this.#openAt(entry, id);
      } catch (error) {
        if (!isDamage(error)) throw error;
        failure = error;
      }
    }
    throw failure ?? new DomainError("corrupt", "tree_missing", `Cannot read tree "${id}": the index does not have it`);
  }

  async #openAt(entry: number, id: HexId): Promise<TreeNodes> {
    const place = { pack: this.#index.packId(this.#index.packOf(entry)), offset: this.#index.offsetOf(entry) };
    const sealed = await this.#fetch({ ...place, length: this.#index.lengthOf(entry) });
    const uncompressedLength = this.#index.uncompressedLengthOf(entry);
    if (uncompressedLength > REPOSITORY_LIMITS.treeBlobBytes) {
      throw new DomainError("corrupt", "tree_too_long", `Cannot read tree "${id}": it claims to have ${uncompressedLength} bytes`);
    }
    // In place: memory for a second copy may be much.
    const body = sealed.subarray(NONCE_BYTES, Math.max(sealed.length - SEAL_OVERHEAD, 0) + NONCE_BYTES);
    if (uncompressedLength === 0) return new TreeNodes([body.subarray(0, this.#decoder.decodeInto(sealed, 0, id, body))]);
    if (uncompressedLength <= MAX_WHOLE_BYTES) return new TreeNodes([this.#decoder.decode(sealed, uncompressedLength, id)]);
    this.#cipher.openInto(sealed, body);
    const hash = createHash("sha256");
    for (const piece of unpacked(body, uncompressedLength)) hash.update(piece);
    if (hash.digest().toHex() !== id)
      throw new DomainError("corrupt", "blob_hash", `Cannot use tree "${id}": its content has another hash`);
    return new TreeNodes(unpacked(body, uncompressedLength));
  }
}

/** Whether an error says that something is wrong with what is stored, so that the rest may still be right. */
export function isDamage(error: unknown): error is DomainError {
  return error instanceof DomainError && (error.kind === "corrupt" || error.kind === "not-found");
}

/** The ids of a file's blobs, each with where it begins in the file's `contentBytes()`. */
export function* blobIds(content: Uint8Array): Generator<number, void, undefined> {
  for (let at = 0; at < content.length; at += ID_BYTES) yield at;
}

/** Nodes in the order of the tree. */
export class TreeNodes {
  readonly #pieces: Iterator<Uint8Array>;
  readonly #scanner = new TreeScanner();

  constructor(pieces: Iterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.iterator]();
  }

  /** Valid until the next call; undefined at the end. @throws {DomainError} corrupt/tree */
  next(): ScannedNode | undefined {
    for (;;) {
      const node = this.#scanner.next();
      if (node !== undefined) return node;
      const piece = this.#pieces.next();
      if (piece.done === true) {
        this.#scanner.end();
        return undefined;
      }
      this.#scanner.push(piece.value);
    }
  }
}

/** Pieces of the content; each is valid for good. */
function* unpacked(packed: Uint8Array, maxBytes: number): Generator<Uint8Array, void, undefined> {
  const pieces: Uint8Array[] = [];
  using stream = primitives().zstdDecompressor(maxBytes, (piece) => pieces.push(Uint8Array.from(piece)));
  for (let at = 0; at < packed.length; at += PUSH_BYTES) {
    stream.push(packed.subarray(at, at + PUSH_BYTES));
    yield* pieces.splice(0);
  }
  stream.finish();
  yield* pieces.splice(0);
}
