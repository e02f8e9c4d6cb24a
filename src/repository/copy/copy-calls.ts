/** What the threads of a copy do, and what they start from. */
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
}

export interface WalkThreadStart extends CopyThreadStart {
  /** Answers TreeCalls. */
  readonly trees: MessagePort;
  /** Stores nothing. */
  readonly dryRun: boolean;
}

/** What the main thread answers. */
export interface TreeCalls {
  /** The sealed tree of an entry of the source's index. */
  readonly tree: (entry: number) => Uint8Array;
}

export interface WalkCalls {
  /** One at a time. */
  readonly walk: (tree: HexId) => Walked;
  /** What of the last walk cannot be had, as entries of the source's index: all that it saw is to be looked at again. */
  readonly forget: (entries: readonly number[]) => void;
  readonly flush: () => PackerCounters;
}

export interface Walked {
  /** Data that the target lacks, as entries of the source's index, in the order of packs and offsets. */
  readonly wanted: Uint32Array<ArrayBuffer>;
  /** Sealed bytes of the trees that the target lacked. */
  readonly treeBytes: number;
  readonly trees: number;
  readonly faults: readonly BlobFault[];
}

export interface DataCalls {
  readonly copy: (piece: PackPiece) => readonly FailedEntry[];
  /** Hands out what is in packs that are not full. */
  readonly takeRests: () => readonly PackRest[];
  /** Stores all that is left, and the rests of others with it. */
  readonly flush: (rests: readonly PackRest[]) => PackerCounters;
}

/** A piece of a pack that begins at `offset` there and holds the blobs of `entries`. */
export interface PackPiece {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly entries: Uint32Array;
}

/** A blob that cannot be copied, and why. */
export interface BlobFault {
  readonly type: BlobType;
  readonly id: HexId;
  readonly reason: string;
}

/** An entry of the source's index whose bytes are not what they must be. */
export interface FailedEntry {
  readonly entry: number;
  readonly reason: string;
}
