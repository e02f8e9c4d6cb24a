/** The thread that fills new packs and encodes index files. */
import { parentPort, workerData } from "node:worker_threads";
import type { PackerSettings } from "../blob-packer.ts";
import { Cipher } from "../format/cipher.ts";
import { packFileBody } from "../format/file-body.ts";
import { BlobIndex, type SharedBlobIndex } from "../index/blob-index.ts";
import { EntrySet } from "../index/entry-set.ts";
import type { IndexedPack } from "../index/index-file.ts";
import type { FinishedPack } from "../pack-buffer.ts";
import { answerCalls, HandedOver } from "../threads/calls.ts";
import { release } from "../threads/own-memory.ts";
import type { PackFate } from "./decide.ts";
import { addPack, encodeIndexFiles, packsOf } from "./index-files.ts";
import { type PackRange, Rewriter } from "./rewriter.ts";

export interface RewriteThreadStart {
  readonly index: SharedBlobIndex;
  readonly used: SharedArrayBuffer;
  readonly fates: readonly (PackFate | undefined)[];
  readonly packer: PackerSettings;
  readonly compress: boolean;
}

export interface RewriteCalls {
  /** What must be read, each pack once. */
  readonly ranges: () => readonly PackRange[];
  /** Gives packs that are full, which may be none. */
  readonly rewrite: (job: { readonly range: PackRange; readonly bytes: Uint8Array }) => readonly WrittenPack[];
  /** Gives the last packs. */
  readonly finish: () => readonly WrittenPack[];
  /** One more index file, as it is to be stored; undefined: that was all. */
  readonly indexFile: () => Uint8Array<ArrayBuffer> | undefined;
}

/** A pack to be stored; what is in it stays with the thread. */
export type WrittenPack = Omit<FinishedPack, "blobs">;

const start = workerData as RewriteThreadStart;
const index = BlobIndex.attach(start.index);
const cipher = new Cipher(start.packer.masterKey);
const rewriter = new Rewriter({ ...start, index, used: EntrySet.attach(start.used) });
const written = BlobIndex.create({ expectedBlobs: index.size });
let indexFiles: Iterator<Uint8Array, void> | undefined;

answerCalls<RewriteCalls>(parentPort, {
  ranges: () => rewriter.ranges,
  rewrite: ({ range, bytes }) => {
    rewriter.rewrite(range, bytes);
    release(bytes);
    return finishedPacks();
  },
  finish: () => {
    rewriter.finish();
    return finishedPacks();
  },
  indexFile: () => {
    indexFiles ??= encodeIndexFiles(allPacks());
    const next = indexFiles.next();
    return next.done === true ? undefined : new Uint8Array(cipher.seal(packFileBody(next.value, start.packer.version)));
  },
});

function finishedPacks(): HandedOver<readonly WrittenPack[]> {
  const packs = Array.from(rewriter.takeFinished(), ({ blobs, ...pack }): WrittenPack => {
    addPack(written, pack.id, blobs);
    return pack;
  });
  return new HandedOver(
    packs,
    packs.map(({ buffer }) => buffer),
  );
}

function* allPacks(): Generator<IndexedPack, void, undefined> {
  yield* packsOf(index, (pack) => start.fates[pack] === "keep");
  yield* packsOf(written, () => true);
}
