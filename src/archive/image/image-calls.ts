/** What the threads of an image's restore do. */
import type { MasterKey } from "../../repository/format/cipher.ts";
import type { SharedBlobIndex } from "../../repository/index/blob-index.ts";

export interface ImageThreadStart {
  readonly index: SharedBlobIndex;
  readonly masterKey: MasterKey;
}

/** A blob, and where on the disk it belongs. */
export interface PlacedBlob {
  /** Of the index. */
  readonly entry: number;
  readonly places: readonly number[];
}

export interface WriteBlobs {
  readonly fd: number;
  readonly isBlank: boolean;
  /** Of a pack, from `offset` on. */
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly blobs: readonly PlacedBlob[];
}

export interface BlobsWritten {
  /** Those that are not what they must be, by their place in `blobs`. */
  readonly damaged: readonly (readonly [blob: number, state: string])[];
  /** Of errno(3): what the system refused, and so ended it. */
  readonly refused: string | undefined;
}

export interface ReadBack {
  readonly fd: number;
  /** Of the index, one behind the other on the disk. */
  readonly entries: readonly number[];
  readonly from: number;
}

export interface ImageCalls {
  readonly write: (job: WriteBlobs) => BlobsWritten;
  /** Whether it is on the disk as it should be. */
  readonly verify: (job: ReadBack) => boolean;
}
