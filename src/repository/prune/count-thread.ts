/** The thread that counts what is needed of each pack. */
import { parentPort, workerData } from "node:worker_threads";
import { BlobIndex, type SharedBlobIndex } from "../index/blob-index.ts";
import { countPacks, type PackCounts } from "./count-packs.ts";
import { EntrySet } from "../index/entry-set.ts";
import { answerCalls } from "../threads/calls.ts";

export interface CountThreadStart {
  readonly index: SharedBlobIndex;
  readonly used: SharedArrayBuffer;
}

export interface CountCalls {
  readonly count: () => PackCounts;
}

const { index, used } = workerData as CountThreadStart;
answerCalls<CountCalls>(parentPort, { count: () => countPacks(BlobIndex.attach(index), EntrySet.attach(used)) });
