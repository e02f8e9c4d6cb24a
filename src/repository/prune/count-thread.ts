/** The thread that counts what is needed of each pack. */
import { workerData } from "node:worker_threads";
import { BlobIndex, type SharedBlobIndex } from "../index/blob-index.ts";
import { countPacks, type PackCounts } from "./count-packs.ts";
import { EntrySet } from "../index/entry-set.ts";
import { answerCalls, type ThreadReply } from "./thread-calls.ts";

export interface CountThreadData {
  readonly index: SharedBlobIndex;
  readonly used: SharedArrayBuffer;
}

const { index, used } = workerData as CountThreadData;
answerCalls((): ThreadReply<PackCounts> => {
  return { reply: countPacks(BlobIndex.attach(index), EntrySet.attach(used)), transfer: [] };
});
