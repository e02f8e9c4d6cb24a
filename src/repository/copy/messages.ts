/** What the threads of a copy are told, and what they answer. Each answers its requests in their order. */
import type { MessagePort } from "node:worker_threads";
import type { HexId } from "../../base/ids.ts";
import type { PackerCounters, PackerSettings } from "../blob-packer.ts";
import type { BlobType } from "../format/blob.ts";
import type { MasterKey } from "../format/cipher.ts";
import type { SharedBlobIndex } from "../index/blob-index.ts";
import type { SharedIdTable } from "../index/id-table.ts";
import type { PackRest } from "../pack-buffer.ts";
import type { PackChannel } from "../packing/thread-packs.ts";

export interface CopyThreadStart {
  readonly source: { readonly masterKey: MasterKey; readonly index: SharedBlobIndex };
  readonly target: { readonly packer: PackerSettings; readonly index: SharedBlobIndex; readonly fresh: SharedIdTable };
  readonly packs: PackChannel;
  readonly requests: MessagePort;
}

export interface WalkThreadStart extends CopyThreadStart {
  /** Where TreePlace is asked for, and SealedTree answered. */
  readonly trees: MessagePort;
  /** Stores nothing. */
  readonly dryRun: boolean;
}

/** Where a tree lies in the source. */
export interface TreePlace {
  readonly entry: number;
}

export interface SealedTree {
  readonly entry: number;
  readonly sealed: Uint8Array | { readonly unreadable: string };
}

/** A blob that cannot be copied, and why. */
export interface BlobFault {
  readonly type: BlobType;
  readonly id: HexId;
  readonly reason: string;
}

export type WalkRequest =
  | { readonly kind: "walk"; readonly tree: HexId }
  /** What of the last walk cannot be had: all that it saw is to be looked at again. */
  | { readonly kind: "failed"; readonly entries: readonly number[] }
  | { readonly kind: "flush" };

export type WalkReply =
  | {
      readonly kind: "walked";
      /** Data that the target lacks, as entries of the source's index, in the order of packs and offsets. */
      readonly wanted: Uint32Array<ArrayBuffer>;
      /** Sealed bytes of the trees that the target lacked. */
      readonly treeBytes: number;
      readonly trees: number;
      readonly faults: readonly BlobFault[];
    }
  | { readonly kind: "flushed"; readonly counters: PackerCounters };

export type BlobRequest =
  /** A piece of a pack that begins at `offset` there and holds the blobs of `entries`. */
  | { readonly kind: "range"; readonly bytes: Uint8Array; readonly offset: number; readonly entries: Uint32Array }
  | { readonly kind: "take-rests" }
  | { readonly kind: "flush"; readonly rests: readonly PackRest[] };

export type BlobReply =
  | { readonly kind: "range"; readonly failed: readonly FailedEntry[] }
  | { readonly kind: "rests"; readonly rests: readonly PackRest[] }
  | { readonly kind: "flushed"; readonly counters: PackerCounters };

/** An entry of the source's index whose bytes are not what they must be. */
export interface FailedEntry {
  readonly entry: number;
  readonly reason: string;
}
