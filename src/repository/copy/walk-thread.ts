/** The thread that walks the trees of the source, copies those that the target lacks, and says which data they need. */
import { workerData } from "node:worker_threads";
import { BlobPacker } from "../blob-packer.ts";
import { BlobIndex } from "../index/blob-index.ts";
import { BlobSet } from "../index/blob-set.ts";
import { ThreadPacks } from "../packing/thread-packs.ts";
import { BlobCopier } from "./blob-copier.ts";
import type { SealedTree, TreePlace, WalkReply, WalkRequest, WalkThreadStart } from "./messages.ts";
import { TreeWalk } from "./tree-walk.ts";

const { source, target, packs: channel, requests, trees, dryRun } = workerData as WalkThreadStart;
const sourceIndex = BlobIndex.attach(source.index);
const targetIndex = BlobIndex.attach(target.index);
const packs = new ThreadPacks(channel);
const packer = new BlobPacker("tree", target.packer, targetIndex, BlobSet.attach(target.fresh), packs);
const copier = new BlobCopier(source.masterKey, sourceIndex, packer, target.packer.version);

const waiting = new Map<number, (sealed: SealedTree["sealed"]) => void>();
trees.on("message", ({ entry, sealed }: SealedTree) => {
  const resolve = waiting.get(entry);
  waiting.delete(entry);
  resolve?.(sealed);
});

const walk = new TreeWalk({ source: sourceIndex, target: targetIndex, copier, fetch: fetchTree, dryRun });

requests.on("message", (request: WalkRequest) => {
  switch (request.kind) {
    case "walk":
      void walk.walk(request.tree).then((walked) => reply({ kind: "walked", ...walked }, [walked.wanted.buffer]));
      break;
    case "failed":
      walk.forget(request.entries);
      break;
    case "flush":
      packer.flush();
      packs.flushed();
      reply({ kind: "flushed", counters: packer.counters });
      break;
  }
});

function fetchTree(entry: number): Promise<SealedTree["sealed"]> {
  const { promise, resolve } = Promise.withResolvers<SealedTree["sealed"]>();
  waiting.set(entry, resolve);
  trees.postMessage({ entry } satisfies TreePlace, []);
  return promise;
}

function reply(message: WalkReply, transfer: readonly ArrayBuffer[] = []): void {
  requests.postMessage(message, [...transfer]);
}
