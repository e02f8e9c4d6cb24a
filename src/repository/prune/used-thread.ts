/** A thread of findUsed(). */
import { workerData } from "node:worker_threads";
import { answerCalls, type ThreadReply } from "./thread-calls.ts";
import { type ScanReply, type ScanRequest, UsedScan, type UsedThreadData } from "./used-scan.ts";

const scan = new UsedScan(workerData as UsedThreadData);
answerCalls((request: ScanRequest): ThreadReply<ScanReply> => ({ reply: scan.run(request), transfer: [] }));
