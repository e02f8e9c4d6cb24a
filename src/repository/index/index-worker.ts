/** Thread of loadIndex(): reads the index files it is sent, one after the other, and answers each. */
import { parentPort, workerData } from "node:worker_threads";
import { asDomainError, type ErrorKind } from "../../base/errors.ts";
import type { MasterKey } from "../format/cipher.ts";
import { BlobIndex, type SharedBlobIndex } from "./blob-index.ts";
import { IndexReader, release } from "./index-reader.ts";

export interface IndexWorkerData {
  readonly shared: SharedBlobIndex;
  readonly masterKey: MasterKey;
}

/** Answers come in the order of the files; without an error the file was read. */
export interface IndexWorkerAnswer {
  readonly error?: {
    readonly kind: ErrorKind;
    readonly code: string;
    readonly message: string;
    readonly details: Readonly<Record<string, unknown>>;
  };
}

if (parentPort !== null) {
  const port = parentPort;
  const { shared, masterKey } = workerData as IndexWorkerData;
  const reader = new IndexReader(BlobIndex.attach(shared), masterKey);
  port.on("message", (sealed: Uint8Array) => port.postMessage(read(reader, sealed)));
}

function read(reader: IndexReader, sealed: Uint8Array): IndexWorkerAnswer {
  try {
    reader.read(sealed);
    return {};
  } catch (error) {
    const { kind, code, message, details } = asDomainError(error);
    return { error: { kind, code, message, details } };
  } finally {
    release(sealed);
  }
}
