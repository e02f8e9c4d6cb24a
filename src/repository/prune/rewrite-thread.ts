/** The thread that fills new packs and encodes index files. */
import { workerData } from "node:worker_threads";
import type { PackerSettings } from "../blob-packer.ts";
import { Cipher } from "../format/cipher.ts";
import { packFileBody } from "../format/file-body.ts";
import { BlobIndex, type SharedBlobIndex } from "../index/blob-index.ts";
import type { IndexedPack } from "../index/index-file.ts";
import { release } from "../index/index-reader.ts";
import type { FinishedPack } from "../pack-buffer.ts";
import type { PackFate } from "./decide.ts";
import { EntrySet } from "../index/entry-set.ts";
import { addPack, encodeIndexFiles, packsOf } from "./index-files.ts";
import { type PackRange, Rewriter } from "./rewriter.ts";
import { answerCalls, type ThreadReply } from "./thread-calls.ts";

export interface RewriteThreadData {
  readonly index: SharedBlobIndex;
  readonly used: SharedArrayBuffer;
  readonly fates: readonly (PackFate | undefined)[];
  readonly packer: PackerSettings;
  readonly compress: boolean;
}

export type RewriteRequest =
  /** Asks for the ranges. */
  | { readonly kind: "begin" }
  /** Asks for packs, which may be none. */
  | { readonly kind: "rewrite"; readonly range: PackRange; readonly bytes: Uint8Array }
  /** Asks for the last packs. */
  | { readonly kind: "finish" }
  /** Asks for one more index file; none: that was all. */
  | { readonly kind: "index" };

/** A pack to be stored; what is in it stays with the thread. */
export type WrittenPack = Omit<FinishedPack, "blobs">;

export interface RewriteReply {
  readonly ranges: readonly PackRange[];
  readonly packs: readonly WrittenPack[];
  /** As it is to be stored. */
  readonly indexFile: Uint8Array<ArrayBuffer> | undefined;
}

const data = workerData as RewriteThreadData;
const index = BlobIndex.attach(data.index);
const cipher = new Cipher(data.packer.masterKey);
const rewriter = new Rewriter({ ...data, index, used: EntrySet.attach(data.used) });
const written = BlobIndex.create({ expectedBlobs: index.size });
let indexFiles: Iterator<Uint8Array, void> | undefined;

answerCalls(answer);

function answer(request: RewriteRequest): ThreadReply<RewriteReply> {
  if (request.kind === "begin") return { reply: { ranges: rewriter.ranges, packs: [], indexFile: undefined }, transfer: [] };
  if (request.kind === "index") return nextIndexFile();
  if (request.kind === "rewrite") {
    rewriter.rewrite(request.range, request.bytes);
    release(request.bytes);
  } else {
    rewriter.finish();
  }
  return finishedPacks();
}

function finishedPacks(): ThreadReply<RewriteReply> {
  const packs = Array.from(rewriter.takeFinished(), ({ blobs, ...pack }): WrittenPack => {
    addPack(written, pack.id, blobs);
    return pack;
  });
  return { reply: { ranges: [], packs, indexFile: undefined }, transfer: packs.map(({ buffer }) => buffer) };
}

function nextIndexFile(): ThreadReply<RewriteReply> {
  indexFiles ??= encodeIndexFiles(allPacks());
  const next = indexFiles.next();
  if (next.done === true) return { reply: { ranges: [], packs: [], indexFile: undefined }, transfer: [] };
  const indexFile = new Uint8Array(cipher.seal(packFileBody(next.value, data.packer.version)));
  return { reply: { ranges: [], packs: [], indexFile }, transfer: [indexFile.buffer] };
}

function* allPacks(): Generator<IndexedPack, void, undefined> {
  yield* packsOf(index, (pack) => data.fates[pack] === "keep");
  yield* packsOf(written, () => true);
}
