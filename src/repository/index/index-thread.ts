/** Thread of loadIndex(). */
import { parentPort, workerData } from "node:worker_threads";
import type { MasterKey } from "../format/cipher.ts";
import { answerCalls } from "../threads/calls.ts";
import { release } from "../threads/own-memory.ts";
import { BlobIndex, type SharedBlobIndex } from "./blob-index.ts";
import { IndexReader } from "./index-reader.ts";

export interface IndexThreadStart {
  readonly index: SharedBlobIndex;
  readonly masterKey: MasterKey;
}

export interface IndexCalls {
  /** Adds what an index file says. */
  readonly read: (sealed: Uint8Array) => void;
}

const { index, masterKey } = workerData as IndexThreadStart;
const reader = new IndexReader(BlobIndex.attach(index), masterKey);

answerCalls<IndexCalls>(parentPort, {
  read: (sealed) => {
    try {
      reader.read(sealed);
    } finally {
      release(sealed);
    }
  },
});
