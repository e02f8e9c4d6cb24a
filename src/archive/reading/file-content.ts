/** The content of one file of a snapshot, blob by blob. */
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { BlobDecoder } from "../../repository/blob-decoder.ts";
import { keyOfFile } from "../../repository/layout.ts";
import type { Session } from "../../repository/session.ts";
import { WholePacks } from "../../repository/whole-packs.ts";
import { isDamage } from "./snapshot-trees.ts";

/** So many blobs, of 1 MiB mostly, are on their way at a time. */
const READ_AHEAD = 8;

export class FileContents {
  readonly #session: Session;
  readonly #decoder: BlobDecoder;
  /** Where whole packs are read. */
  readonly #packs: WholePacks | undefined;
  readonly #id = new Uint8Array(32);

  /** @param reading `many-small`: many short files that were stored together are read, so that it takes less to fetch whole packs */
  constructor(session: Session, reading: "any" | "many-small" = "any") {
    this.#session = session;
    this.#decoder = new BlobDecoder(session.repository.masterKey);
    this.#packs = reading === "any" ? undefined : new WholePacks(session.repository, undefined);
  }

  /**
   * The blobs of a file in their order.
   *
   * @throws {DomainError} corrupt/blob_missing: the index does not have one
   * @throws {DomainError} corrupt: one is damaged wherever it lies; what the store throws
   */
  async *read(content: readonly HexId[]): AsyncGenerator<Uint8Array, void, undefined> {
    const coming: Promise<Uint8Array>[] = [];
    for (let at = 0; at < content.length || coming.length > 0;) {
      while (at < content.length && coming.length < READ_AHEAD) {
        const next = this.#read(content[at++] as HexId);
        next.catch(() => undefined); // thrown where it is awaited
        coming.push(next);
      }
      const blob = coming.shift();
      if (blob !== undefined) yield await blob;
    }
  }

  async #read(id: HexId): Promise<Uint8Array> {
    const { index, repository, signal } = this.#session;
    this.#id.setFromHex(id);
    let failure: DomainError | undefined;
    for (const entry of index.locations("data", this.#id, 0)) {
      const [pack, offset, length] = [index.packId(index.packOf(entry)), index.offsetOf(entry), index.lengthOf(entry)];
      try {
        const sealed =
          this.#packs === undefined
            ? await repository.store.get(keyOfFile("data", pack), { range: { offset, length }, signal })
            : await this.#packs.read(pack, offset, length, { signal });
        return this.#decoder.decode(sealed, index.uncompressedLengthOf(entry), id);
      } catch (error) {
        if (!isDamage(error)) throw error;
        failure = error;
      }
    }
    throw failure ?? new DomainError("corrupt", "blob_missing", `Cannot read blob "${id}": it is not in the index`);
  }
}
