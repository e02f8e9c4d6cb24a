/** Thread of an image's restore: opens blobs and writes them. */
import { readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { DomainError } from "../../base/errors.ts";
import { SHA256_BYTES } from "../../native/lengths.ts";
import { primitives } from "../../native/primitives.ts";
import { BlobDecoder } from "../../repository/blob-decoder.ts";
import { BlobIndex } from "../../repository/index/blob-index.ts";
import { answerCalls } from "../../repository/threads/calls.ts";
import { release } from "../../repository/threads/own-memory.ts";
import { isSystemError } from "../backup/file-findings.ts";
import { plainLength } from "../restore/plain-length.ts";
import type { BlobsWritten, ImageCalls, ImageThreadStart, ReadBack, WriteBlobs } from "./image-calls.ts";
import { writeBlob } from "./write-blob.ts";

/** What the chunkers give at most; longer blobs come from elsewhere. */
const USUAL_BLOB_BYTES = 8 << 20;

const { index: shared, masterKey } = workerData as ImageThreadStart;
const index = BlobIndex.attach(shared);
const decoder = new BlobDecoder(masterKey);
const hash = new Uint8Array(SHA256_BYTES);
const id = new Uint8Array(SHA256_BYTES);
const usualMemory = new Uint8Array(USUAL_BLOB_BYTES);

answerCalls<ImageCalls>(parentPort, {
  write: (job) => {
    const written = writeBlobs(job);
    release(job.bytes);
    return written;
  },
  verify: isAsStored,
});

function writeBlobs({ fd, isBlank, bytes, offset, blobs }: WriteBlobs): BlobsWritten {
  const damaged: (readonly [number, string])[] = [];
  try {
    for (const [at, { entry, places }] of blobs.entries()) {
      const content = decoded(bytes, offset, entry);
      if (content instanceof DomainError) damaged.push([at, content.message]);
      else writeBlob(fd, content, places, isBlank);
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return { damaged, refused: error.code ?? "" };
  }
  return { damaged, refused: undefined };
}

function decoded(bytes: Uint8Array, offset: number, entry: number): Uint8Array | DomainError {
  const length = plainLength(index, entry);
  const at = index.offsetOf(entry) - offset;
  const memory = memoryFor(length);
  try {
    const written = decoder.decodeInto(
      bytes.subarray(at, at + index.lengthOf(entry)),
      index.uncompressedLengthOf(entry),
      index.idOf(entry),
      memory,
    );
    return memory.subarray(0, written);
  } catch (error) {
    if (error instanceof DomainError && error.kind === "corrupt") return error;
    throw error;
  }
}

function isAsStored({ fd, entries, from }: ReadBack): boolean {
  let at = from;
  return entries.every((entry) => {
    const content = memoryFor(plainLength(index, entry));
    const isThere = readAll(fd, content, at);
    at += content.length;
    primitives().sha256Into(content, hash, 0);
    index.idInto(entry, id, 0);
    return isThere && Buffer.compare(hash, id) === 0;
  });
}

function readAll(fd: number, target: Uint8Array, from: number): boolean {
  for (let done = 0; done < target.length;) {
    const got = readSync(fd, target, done, target.length - done, from + done);
    if (got === 0) return false;
    done += got;
  }
  return true;
}

function memoryFor(length: number): Uint8Array {
  return length <= USUAL_BLOB_BYTES ? usualMemory.subarray(0, length) : new Uint8Array(length);
}
