/** A thread of findUsed(). */
import { workerData } from "node:worker_threads";
import { answerCalls } from "./thread-calls.ts";
import { type ScanReply, type ScanRequest, UsedScan, type UsedThreadData } from "./used-scan.ts";

const scan = new UsedScan(workerData as UsedThreadData);
answerCalls<ScanRequest, ScanReply>((request) => ({ reply: scan.run(request), transfer: [] }));
