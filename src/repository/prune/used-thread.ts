/** A thread of findUsed(). */
import { parentPort, workerData } from "node:worker_threads";
import { answerCalls } from "../threads/calls.ts";
import { release } from "../threads/own-memory.ts";
import { type ScanCalls, UsedScan, type UsedThreadStart } from "./used-scan.ts";

const scan = new UsedScan(workerData as UsedThreadStart);
answerCalls<ScanCalls>(parentPort, {
  scan: (job) => {
    const scanned = scan.run(job);
    release(job.bytes);
    return scanned;
  },
});
