/** A thread that copies data blobs: opens them with the source's key, sees that they are what their ids say, and packs them for the target. */
import { workerData } from "node:worker_threads";
import { BlobPacker } from "../blob-packer.ts";
import { BlobIndex } from "../index/blob-index.ts";
import { BlobSet } from "../index/blob-set.ts";
import { ThreadPacks } from "../packing/thread-packs.ts";
import { BlobCopier } from "./blob-copier.ts";
import type { BlobReply, BlobRequest, CopyThreadStart, FailedEntry } from "./messages.ts";

const { source, target, packs: channel, requests } = workerData as CopyThreadStart;
const index = BlobIndex.attach(source.index);
const packs = new ThreadPacks(channel);
const packer = new BlobPacker("data", target.packer, BlobIndex.attach(target.index), BlobSet.attach(target.fresh), packs);
const copier = new BlobCopier(source.masterKey, index, packer, target.packer.version);

requests.on("message", (request: BlobRequest) => {
  switch (request.kind) {
    case "range":
      reply({ kind: "range", failed: copyRange(request.bytes, request.offset, request.entries) });
      break;
    case "take-rests": {
      const rests = packer.takeRests();
      requests.postMessage(
        { kind: "rests", rests } satisfies BlobReply,
        rests.map(({ buffer }) => buffer),
      );
      break;
    }
    case "flush":
      for (const rest of request.rests) packer.absorb(rest);
      packer.flush();
      packs.flushed();
      reply({ kind: "flushed", counters: packer.counters });
      break;
  }
});

function copyRange(bytes: Uint8Array, offset: number, entries: Uint32Array): FailedEntry[] {
  const failed: FailedEntry[] = [];
  for (const entry of entries) {
    const at = index.offsetOf(entry) - offset;
    const decoded = copier.decode(entry, bytes.subarray(at, at + index.lengthOf(entry)));
    if ("fault" in decoded) failed.push({ entry, reason: decoded.fault });
    else copier.store(entry, decoded);
  }
  return failed;
}

function reply(message: BlobReply, transfer: readonly ArrayBuffer[] = []): void {
  requests.postMessage(message, [...transfer]);
}
