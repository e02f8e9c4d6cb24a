/** The thread that walks the trees of the source, copies those that the target lacks, and says which data they need. */
import { parentPort, workerData } from "node:worker_threads";
import { BlobPacker } from "../blob-packer.ts";
import { BlobIndex } from "../index/blob-index.ts";
import { BlobSet } from "../index/blob-set.ts";
import { ThreadPacks } from "../packing/thread-packs.ts";
import { answerCalls, Caller, HandedOver } from "../threads/calls.ts";
import { BlobCopier } from "./blob-copier.ts";
import type { TreeCalls, WalkCalls, WalkThreadStart } from "./copy-calls.ts";
import { TreeWalk } from "./tree-walk.ts";

const { source, target, packs: channel, trees, dryRun } = workerData as WalkThreadStart;
const sourceIndex = BlobIndex.attach(source.index);
const targetIndex = BlobIndex.attach(target.index);
const packs = new ThreadPacks(channel);
const packer = new BlobPacker("tree", target.packer, targetIndex, BlobSet.attach(target.fresh), packs);
const copier = new BlobCopier(source.masterKey, sourceIndex, packer, target.packer.version);
const main = new Caller<TreeCalls>(trees);
const fetch = async (entry: number): Promise<Uint8Array> => main.call("tree", entry);
const walk = new TreeWalk({ source: sourceIndex, target: targetIndex, copier, fetch, dryRun });

answerCalls<WalkCalls>(parentPort, {
  walk: async (tree) => {
    const walked = await walk.walk(tree);
    return new HandedOver(walked, [walked.wanted.buffer]);
  },
  forget: (entries) => walk.forget(entries),
  flush: () => {
    packer.flush();
    packs.flushed();
    return packer.counters;
  },
});
