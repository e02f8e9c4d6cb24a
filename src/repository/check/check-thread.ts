/** Thread of a check. */
import { parentPort, workerData } from "node:worker_threads";
import { BlobIndex } from "../index/blob-index.ts";
import { answerCalls } from "../threads/calls.ts";
import { release } from "../threads/own-memory.ts";
import type { CheckCalls, CheckThreadStart } from "./check-threads.ts";
import { DamageTracer } from "./damage-tracer.ts";
import { EntrySet } from "../index/entry-set.ts";
import { tableOfPacks } from "./pack-table.ts";
import { PackVerifier } from "./pack-verifier.ts";
import { RemoteTrees } from "./tree-requests.ts";
import { TreeVisitor } from "./tree-visitor.ts";
import { countUsage } from "./usage.ts";

const { index: shared, masterKey } = workerData as CheckThreadStart;
const index = BlobIndex.attach(shared);
const visitor = new TreeVisitor(index, masterKey);
const verifier = new PackVerifier(index, masterKey);

answerCalls<CheckCalls>(parentPort, {
  table: () => tableOfPacks(index),
  trees: (job) => {
    const answer = visitor.visit(job);
    release(job.bytes);
    return answer;
  },
  pack: (job) => {
    const verdict = verifier.verify(job);
    release(job.bytes);
    return verdict;
  },
  usage: (used) => countUsage(index, EntrySet.attach(used)),
  trace: async (job) => {
    using trees = new RemoteTrees(job.trees, index, masterKey);
    return await new DamageTracer(index, trees, job).trace(job.snapshots);
  },
});
