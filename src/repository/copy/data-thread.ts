/** A thread that copies data blobs: opens them with the source's key, sees that they are what their ids say, and packs them for the target. */
import { parentPort, workerData } from "node:worker_threads";
import { BlobPacker } from "../blob-packer.ts";
import { BlobIndex } from "../index/blob-index.ts";
import { BlobSet } from "../index/blob-set.ts";
import { ThreadPacks } from "../packing/thread-packs.ts";
import { answerCalls, HandedOver } from "../threads/calls.ts";
import { release } from "../threads/own-memory.ts";
import { BlobCopier } from "./blob-copier.ts";
import type { CopyThreadStart, DataCalls, FailedEntry, PackPiece } from "./copy-calls.ts";

const { source, target, packs: channel } = workerData as CopyThreadStart;
const index = BlobIndex.attach(source.index);
const packs = new ThreadPacks(channel);
const packer = new BlobPacker("data", target.packer, BlobIndex.attach(target.index), BlobSet.attach(target.fresh), packs);
const copier = new BlobCopier(source.masterKey, index, packer, target.packer.version);

answerCalls<DataCalls>(parentPort, {
  copy: (piece) => {
    const failed = copyPiece(piece);
    release(piece.bytes);
    return failed;
  },
  takeRests: () => {
    const rests = packer.takeRests();
    return new HandedOver(
      rests,
      rests.map(({ buffer }) => buffer),
    );
  },
  flush: (rests) => {
    for (const rest of rests) packer.absorb(rest);
    packer.flush();
    packs.flushed();
    return packer.counters;
  },
});

function copyPiece({ bytes, offset, entries }: PackPiece): FailedEntry[] {
  const failed: FailedEntry[] = [];
  for (const entry of entries) {
    const at = index.offsetOf(entry) - offset;
    const decoded = copier.decode(entry, bytes.subarray(at, at + index.lengthOf(entry)));
    if ("fault" in decoded) failed.push({ entry, reason: decoded.fault });
    else copier.store(entry, decoded);
  }
  return failed;
}
