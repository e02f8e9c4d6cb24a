/** Reads all index files of a repository into memory, with threads where that pays. */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import type { MasterKey } from "../format/cipher.ts";
import { ownBytes } from "../threads/own-memory.ts";
import { CalledThread, ThreadPool } from "../threads/thread-pool.ts";
import { BlobIndex } from "./blob-index.ts";
import { IndexReader } from "./index-reader.ts";
import type { IndexCalls, IndexThreadStart } from "./index-thread.ts";

export interface SealedIndexFile {
  readonly id: HexId;
  /** As stored. Taken over: the caller must not use it again. */
  readonly sealed: Uint8Array;
}

export interface LoadIndexOptions {
  readonly masterKey: MasterKey;
  /** See BlobIndexOptions; expectedBlobsIn() estimates it. */
  readonly expectedBlobs: number;
  /** Threads beside the calling one, at least 1. */
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
}

export interface DamagedIndexFile {
  readonly id: HexId;
  readonly error: DomainError;
}

export interface LoadedIndex {
  readonly index: BlobIndex;
  /** Files that could not be read, or not to their end: blobs may be missing from the index. */
  readonly damaged: readonly DamagedIndexFile[];
}

/** Sealed bytes that the calling thread reads itself, in about 50 ms: what it takes to start a thread and warm it up. */
const OWN_BYTES = 2 * 1024 * 1024;
/** A thread works on one file while the next is on its way. */
const FILES_PER_THREAD = 2;
/** Stored bytes of index files per blob: an id, and the rest compressed. */
const BYTES_PER_BLOB = 45;

/** An upper estimate of the blobs in index files of that many bytes together. */
export function expectedBlobsIn(indexBytes: number): number {
  return Math.ceil(indexBytes / BYTES_PER_BLOB);
}

/**
 * Takes files only as fast as they are read. A damaged file does not stop it.
 *
 * @throws {DomainError} unsupported/index_too_large, unavailable/out_of_memory; what `files` or the signal throws
 */
export async function loadIndex(files: AsyncIterable<SealedIndexFile>, options: LoadIndexOptions): Promise<LoadedIndex> {
  const { masterKey, expectedBlobs, threads, signal } = options;
  const index = BlobIndex.create({ expectedBlobs });
  const reader = new IndexReader(index, masterKey);
  const damaged: DamagedIndexFile[] = [];
  const start: IndexThreadStart = { index: index.shared, masterKey };
  await using pool = new ThreadPool<IndexCalls>(threads, () => new CalledThread(new URL("index-thread.ts", import.meta.url), start));
  let bytesSoFar = 0;
  await forEachConcurrent(files, { limit: threads * FILES_PER_THREAD, signal }, async ({ id, sealed }, workSignal) => {
    try {
      bytesSoFar += sealed.length;
      if (bytesSoFar <= OWN_BYTES) {
        reader.read(sealed);
        return;
      }
      const own = ownBytes(sealed);
      await pool.call("read", own, { transfer: [own.buffer], signal: workSignal });
    } catch (error) {
      if (!(error instanceof DomainError) || !isDamage(error)) throw error;
      damaged.push({ id, error });
    }
  });
  return { index, damaged };
}

/** Whether an error is about one file, and not about the index as a whole. */
function isDamage({ kind, code }: DomainError): boolean {
  return kind === "corrupt" || code === "index_file_format";
}
