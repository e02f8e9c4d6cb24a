/** Thread of the tests of tables in shared memory: adds the given ids to a set and to an index, and says what it won. */
import { parentPort, workerData } from "node:worker_threads";
import { BlobIndex, type SharedBlobIndex } from "../blob-index.ts";
import { BlobSet } from "../blob-set.ts";
import type { SharedIdTable } from "../id-table.ts";

export interface InsertWork {
  readonly set: SharedIdTable;
  readonly index: SharedBlobIndex;
  /** Set to 1 when all threads are there. */
  readonly gate: Int32Array;
  /** 32 bytes each. */
  readonly ids: Uint8Array;
  /** Order in which to add them. */
  readonly order: Uint32Array;
}

export interface InsertResult {
  /** For each id, whether this thread won it in the set. */
  readonly won: Uint8Array;
  /** How many entries were new in the index. */
  readonly inserted: number;
  /** Ids that were not found although they had just been added. */
  readonly lost: number;
}

if (parentPort === null) throw new Error("Cannot insert: this is not a thread");
const port = parentPort;
const { set: sharedSet, index: sharedIndex, gate, ids, order } = workerData as InsertWork;
const set = BlobSet.attach(sharedSet);
const index = BlobIndex.attach(sharedIndex);
const won = new Uint8Array(order.length);
let inserted = 0;
let lost = 0;
port.postMessage("ready");
Atomics.wait(gate, 0, 0);
for (const item of order) {
  const at = item * 32;
  if (set.add("data", ids, at)) won[item] = 1;
  const pack = index.addPack(ids, (item % 100) * 32);
  if (index.insert("tree", ids, at, pack, item, 50, 0)) inserted++;
  const entry = index.find("tree", ids, at);
  if (entry === -1 || index.offsetOf(entry) !== item || index.packOf(entry) !== pack || !set.has("data", ids, at)) lost++;
}
port.postMessage({ won, inserted, lost } satisfies InsertResult);
