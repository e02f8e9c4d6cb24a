/** How many threads read, and how they are started. */
import { availableParallelism } from "node:os";
import { type MessagePort, Worker } from "node:worker_threads";
import { errorFromThread } from "../../base/errors.ts";
import { PACK_BYTES } from "../blob-packer.ts";

/** Enough to be as fast as any disk or network that a node has. */
const MAX_READERS = 8;
/** What the process takes without readers, and what each of them adds with packs of the usual length. */
const BASE_BYTES = 120 << 20;
const READER_BYTES = 60 << 20;

/** Packs of a reader in memory: two that are filled, one on its way. */
export const PACKS_OF_READER = 3;

/**
 * By processors, and by the memory that the process may take.
 *
 * @param packBytes the length of the packs that each of them fills
 * @param spare more than processors, for work that waits for a disk
 */
export function readerCount(packBytes: number = PACK_BYTES, spare = 0): number {
  // 0 or a huge number where nothing is set.
  const limit = process.constrainedMemory();
  const readerBytes = READER_BYTES + PACKS_OF_READER * (packBytes - PACK_BYTES);
  const byMemory = limit > 0 ? Math.floor((limit - BASE_BYTES) / readerBytes) : MAX_READERS;
  return Math.max(1, Math.min(availableParallelism() + spare, MAX_READERS, byMemory));
}

/** @param fail gets what a thread did not expect */
export function startThread(file: URL, start: unknown, ports: readonly MessagePort[], fail: (error: unknown) => void): Worker {
  // Little lives long in these threads, and a short young generation saves tens of megabytes in each.
  const resourceLimits = { maxYoungGenerationSizeMb: 4 };
  // Handles of folders are opened by one thread and used by others: Node must not close them with the first.
  const worker = new Worker(file, { workerData: start, transferList: [...ports], trackUnmanagedFds: false, resourceLimits });
  worker.on("error", (error) => fail(errorFromThread(error)));
  return worker;
}
