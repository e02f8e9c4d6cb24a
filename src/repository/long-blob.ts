/** A blob that is too long to be held whole: hashed and compressed piece by piece, and sealed at the end in a pack of its own. */
import { createHash } from "node:crypto";
import { primitives } from "../native/primitives.ts";

/** What it has become: only this is in memory. */
export interface GatheredBlob {
  readonly id: Uint8Array;
  readonly pieces: readonly Uint8Array[];
  readonly bodyBytes: number;
  readonly plainBytes: number;
  readonly isCompressed: boolean;
}

export class BlobGatherer {
  readonly #hash = createHash("sha256");
  readonly #pieces: Uint8Array[] = [];
  readonly #isCompressed: boolean;
  readonly #write: (piece: Uint8Array) => void;
  readonly #end: () => void;
  #bodyBytes = 0;
  #plainBytes = 0;

  /** @param level zstd's; undefined: not compressed */
  constructor(level: number | undefined) {
    const keep = (piece: Uint8Array): void => {
      this.#pieces.push(new Uint8Array(piece));
      this.#bodyBytes += piece.length;
    };
    this.#isCompressed = level !== undefined;
    if (level === undefined) {
      this.#write = keep;
      this.#end = () => undefined;
    } else {
      const zstd = primitives().zstdCompressor(level, keep);
      this.#write = zstd.push;
      this.#end = zstd.finish;
    }
  }

  write(piece: Uint8Array): void {
    this.#hash.update(piece);
    this.#write(piece);
    this.#plainBytes += piece.length;
  }

  finish(): GatheredBlob {
    this.#end();
    return {
      id: this.#hash.digest(),
      pieces: this.#pieces,
      bodyBytes: this.#bodyBytes,
      plainBytes: this.#plainBytes,
      isCompressed: this.#isCompressed,
    };
  }
}
