/** Opens index files and puts what they say into a BlobIndex: what one thread does of loading an index. */
import { Cipher, SEAL_OVERHEAD, type MasterKey } from "../format/cipher.ts";
import { unpackFileBody } from "../format/file-body.ts";
import { REPOSITORY_LIMITS } from "../format/limits.ts";
import { release } from "../threads/own-memory.ts";
import type { BlobIndex } from "./blob-index.ts";
import { scanIndexFile, type IndexFileVisitor } from "./index-file.ts";

/** Behind the nonce. */
const CIPHERTEXT_AT = SEAL_OVERHEAD / 2;

export class IndexReader {
  readonly #cipher: Cipher;
  readonly #visitor: IndexFileVisitor;

  constructor(index: BlobIndex, masterKey: MasterKey) {
    this.#cipher = new Cipher(masterKey);
    let pack = 0;
    this.#visitor = {
      pack: (id) => {
        pack = index.addPack(id, 0);
      },
      blob: (type, id, offset, length, uncompressedLength) => {
        index.insert(type, id, 0, pack, offset, length, uncompressedLength);
      },
    };
  }

  /**
   * Adds what a file says. Of a damaged file, what stood before the damage stays in the index.
   *
   * @param sealed is used up: it is opened in place
   * @throws {DomainError} corrupt/unauthentic, corrupt/zstd, corrupt/index_file, unsupported/index_file_format …: the file is damaged
   */
  read(sealed: Uint8Array): void {
    const ciphertext = sealed.subarray(CIPHERTEXT_AT);
    const body = ciphertext.subarray(0, this.#cipher.openInto(sealed, ciphertext));
    const json = unpackFileBody(body, REPOSITORY_LIMITS.fileBodyBytes);
    scanIndexFile(json, this.#visitor);
    if (json.buffer !== sealed.buffer) release(json);
  }
}
