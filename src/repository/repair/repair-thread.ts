/** Thread of repairs. */
import { parentPort, workerData } from "node:worker_threads";
import type { HexId } from "../../base/ids.ts";
import { BlobPacker, PACK_BUFFER_BYTES } from "../blob-packer.ts";
import type { CheckThreadStart } from "../check/check-threads.ts";
import { RemoteTrees } from "../check/tree-requests.ts";
import { BlobIndex } from "../index/blob-index.ts";
import { BlobSet } from "../index/blob-set.ts";
import type { FinishedPack } from "../pack-buffer.ts";
import { answerCalls } from "../threads/calls.ts";
import type { RepairCalls, RewriteAnswer, RewriteJob } from "./repair-calls.ts";
import { Salvager } from "./salvage.ts";
import { TreeRewriter } from "./tree-rewriter.ts";

const ID_BYTES = 32;

const { index: shared, masterKey } = workerData as CheckThreadStart;
const index = BlobIndex.attach(shared);
const salvager = new Salvager(index, masterKey);

answerCalls<RepairCalls>(parentPort, { salvage: (job) => salvager.salvage(job), rewrite });

async function rewrite({ roots, packer: settings, trees: port }: RewriteJob): Promise<RewriteAnswer> {
  using trees = new RemoteTrees(port, index, masterKey);
  const packs: FinishedPack[] = [];
  const packer = new BlobPacker("tree", settings, index, BlobSet.create(), {
    take: (minBytes) => new ArrayBuffer(Math.max(minBytes, PACK_BUFFER_BYTES)),
    giveBack: () => undefined,
    store: (pack) => packs.push(pack),
  });
  const rewriter = new TreeRewriter(index, trees, (tree) => {
    const id = new Uint8Array(ID_BYTES);
    packer.add(tree, id, 0);
    return id.toHex() as HexId;
  });
  const rewritten: Awaited<ReturnType<TreeRewriter["rewrite"]>>[] = [];
  for (const root of roots) rewritten.push(await rewriter.rewrite(root));
  packer.flush();
  return { rewritten, packs };
}
