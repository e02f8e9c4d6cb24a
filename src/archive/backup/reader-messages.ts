/** What the walking thread and the reading threads say to each other. */
import type { MessagePort } from "node:worker_threads";
import type { ByteString } from "../../base/byte-string.ts";
import type { FileStat } from "../../native/files.ts";
import type { ChunkerSpec } from "../../repository/chunker/chunker.ts";
import type { PackerSettings } from "../../repository/blob-packer.ts";
import type { SharedBlobIndex } from "../../repository/index/blob-index.ts";
import type { SharedIdTable } from "../../repository/index/id-table.ts";
import type { ExtendedAttribute } from "../../repository/format/tree/node.ts";
import type { PackRest } from "../../repository/pack-buffer.ts";
import type { FolderFd } from "../folder-handle.ts";
import type { SealedTree } from "./parent-trees.ts";
import type { NodeStyle } from "../stat-node.ts";
import type { PackChannel } from "../../repository/packing/thread-packs.ts";

/** What every thread that stores blobs is started with. */
export interface StoringThread {
  readonly packer: PackerSettings;
  readonly index: SharedBlobIndex;
  /** What was stored in this run. */
  readonly fresh: SharedIdTable;
  readonly packs: PackChannel;
  readonly counters: SharedArrayBuffer;
  /** The thread's own row of them. */
  readonly counterRow: number;
  readonly style: NodeStyle;
}

export interface ReaderStart extends StoringThread {
  readonly chunker: ChunkerSpec;
  /** To the walking thread. */
  readonly requests: MessagePort;
}

export interface FileToRead {
  /** Open until the reply is there. */
  readonly folder: FolderFd;
  readonly name: ByteString;
}

export interface WholeFile extends FileToRead {
  /** One that is longer is not read: it is better told first to how many readers it goes. */
  readonly atMostBytes: number;
}

export type ReaderRequest =
  /** Whole files, each to become a node. */
  | { readonly kind: "files"; readonly batch: number; readonly files: readonly WholeFile[] }
  /** A part of a large file. */
  | { readonly kind: "range"; readonly batch: number; readonly file: FileToRead; readonly from: number; readonly to: number }
  /** A part of a file or block device that is open already. Answered as a range. */
  | { readonly kind: "open-range"; readonly batch: number; readonly fd: number; readonly from: number; readonly to: number }
  /** Content that lies in no file, short enough for one blob. Answered as a range. */
  | { readonly kind: "bytes"; readonly batch: number; readonly bytes: Uint8Array }
  /** A descriptor that can only be read on, until its end. Answered as a range. */
  | { readonly kind: "stream"; readonly batch: number; readonly fd: number }
  /** A folder that may be as an earlier tree of it says; what changed from that moment on is not sure. */
  | {
      readonly kind: "compare";
      readonly batch: number;
      readonly folder: FolderFd;
      readonly tree: SealedTree;
      readonly unsureFromNs: bigint;
    }
  /** Store what lies in unfinished packs, and say so. */
  | { readonly kind: "flush"; readonly checkpoint: number }
  /** Everything was read: hand out what lies in unfinished packs. */
  | { readonly kind: "take-rests" }
  /** Store these with your own unfinished packs, then you are done. */
  | { readonly kind: "finish"; readonly rests: readonly PackRest[] };

export type ReadFile =
  /** The node as JSON in a tree, its bytes as units. `changed`: while it was read. */
  | { readonly kind: "node"; readonly json: ByteString; readonly changed: boolean }
  /** It is longer than what was asked for, and was not read. */
  | { readonly kind: "longer"; readonly stat: FileStat }
  /** It is no regular file any more. */
  | { readonly kind: "replaced" }
  /** `code` is that of errno(3). */
  | { readonly kind: "failed"; readonly code: string };

export interface ReadContent {
  readonly kind: "content";
  readonly ids: Uint8Array;
  readonly bytes: number;
  /** The file's, when its part was read. */
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** With the first part only. */
  readonly xattrs: readonly ExtendedAttribute[];
}

export type ReadRange = ReadContent | { readonly kind: "replaced" } | { readonly kind: "failed"; readonly code: string };

export type ReaderReply =
  | { readonly kind: "files"; readonly batch: number; readonly files: readonly ReadFile[] }
  | { readonly kind: "range"; readonly batch: number; readonly range: ReadRange }
  /** Whether nothing changed; what is damaged in the tree is found again when the folder is walked. */
  | { readonly kind: "compared"; readonly batch: number; readonly isUnchanged: boolean }
  | { readonly kind: "rests"; readonly rests: readonly PackRest[] };
