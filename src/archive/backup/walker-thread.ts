/** The thread that walks folders and makes the trees. */
import { parentPort } from "node:worker_threads";
import type { Finding } from "../../base/finding.ts";
import { BlobPacker } from "../../repository/blob-packer.ts";
import { Cipher } from "../../repository/format/cipher.ts";
import { BlobIndex } from "../../repository/index/blob-index.ts";
import { BlobSet } from "../../repository/index/blob-set.ts";
import { CounterRow } from "./counters.ts";
import { ParentTrees } from "./parent-trees.ts";
import type { HexId } from "../../base/ids.ts";
import { ReaderPool } from "./reader-pool.ts";
import { readStream } from "./read-stream.ts";
import type { BackupSource, TreeSource } from "./source.ts";
import { storeImage } from "./store-image.ts";
import { startOfThread } from "../../repository/packing/threads.ts";
import { ThreadPacks } from "../../repository/packing/thread-packs.ts";
import type { CheckpointRequest, WalkerMessage, WalkerStart } from "./walker-messages.ts";
import { Walk } from "./walk.ts";
import type { WalkParts } from "./walk-parts.ts";

const start = await startOfThread<WalkerStart>();
const packs = new ThreadPacks(start.packs);
const index = BlobIndex.attach(start.index);
const packer = new BlobPacker("tree", start.packer, index, BlobSet.attach(start.fresh), packs);
const readers = new ReaderPool(start.readers);
const report = (finding: Finding): void => tell({ kind: "finding", finding });
const parts: WalkParts = {
  readers,
  packer,
  index,
  counters: new CounterRow(start.counters, start.counterRow),
  style: start.style,
  parents: new ParentTrees(start.trees, index, new Cipher(start.packer.masterKey), report),
  forcedCutBytes: start.forcedCutBytes,
  report,
};

let walk: Walk | undefined;
parentPort?.on("message", ({ checkpoint }: CheckpointRequest) => tell({ kind: "checkpoint", tree: storeSoFar(checkpoint) }));

const tree = await store(start.source);
await readers.finish();
packer.flush();
packs.flushed();
tell({ kind: "done", tree });
start.trees.close();

function store(source: BackupSource): Promise<HexId> {
  if (source.kind === "tree") return walkTree(source);
  return source.kind === "stream" ? readStream(source, parts) : storeImage(source, start.earlier[0]?.id, parts);
}

async function walkTree(source: TreeSource): Promise<HexId> {
  walk = new Walk(source, parts);
  try {
    return await walk.run(start.earlier);
  } finally {
    walk = undefined;
  }
}

function storeSoFar(checkpoint: number): HexId | undefined {
  // Nobody needs these trees for long: in a pack of their own, they go with it.
  if (walk !== undefined) packer.flush();
  const stored = walk?.storeSoFar();
  if (stored === undefined) return undefined;
  packer.flush();
  packs.flushed(checkpoint);
  readers.flush(checkpoint);
  return stored;
}

function tell(message: WalkerMessage): void {
  parentPort?.postMessage(message);
}
