/** Whether a file that is there has certain content, blob by blob. Synchronous. */
import { readSync } from "node:fs";
import { SHA256_BYTES } from "../../native/lengths.ts";
import { primitives } from "../../native/primitives.ts";
import type { BlobIndex } from "../../repository/index/blob-index.ts";
import { plainLength } from "./plain-length.ts";
import { blobIds } from "./trees.ts";

export class ContentCheck {
  readonly #index: BlobIndex;
  readonly #primitives = primitives();
  readonly #hash = new Uint8Array(SHA256_BYTES);
  #memory = new Uint8Array(0);

  constructor(index: BlobIndex) {
    this.#index = index;
  }

  /** Throws what read(2) throws. @param content ids of the blobs, as in a node */
  has(fd: number, content: Uint8Array): boolean {
    let at = 0;
    for (const from of blobIds(content)) {
      const entry = this.#index.find("data", content, from);
      if (entry < 0) return false;
      const length = plainLength(this.#index, entry);
      if (this.#read(fd, at, length) < length) return false;
      this.#primitives.sha256Into(this.#memory.subarray(0, length), this.#hash, 0);
      if (!content.subarray(from, from + SHA256_BYTES).every((byte, digit) => byte === this.#hash[digit])) return false;
      at += length;
    }
    return this.#read(fd, at, 1) === 0;
  }

  /** Gives less only at the end of the file. */
  #read(fd: number, at: number, length: number): number {
    if (this.#memory.length < length) this.#memory = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const got = readSync(fd, this.#memory, done, length - done, at + done);
      if (got === 0) break;
      done += got;
    }
    return done;
  }
}
