/** What the threads of a restore say to each other. */
import type { MessagePort } from "node:worker_threads";
import type { ByteString } from "../../base/byte-string.ts";
import type { ErrorKind } from "../../base/errors.ts";
import type { Finding } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { MasterKey } from "../../repository/format/cipher.ts";
import type { SharedBlobIndex } from "../../repository/index/blob-index.ts";
import type { ProcessIdentity, Shortfall } from "./attributes.ts";
import type { Overwrite, RestoredEntry, Selection } from "./options.ts";
import type { TreePlace } from "./trees.ts";

interface ThreadStart {
  readonly masterKey: MasterKey;
  readonly index: SharedBlobIndex;
  readonly self: ProcessIdentity;
  readonly sparse: boolean;
  readonly counters: SharedArrayBuffer;
  /** The thread's own row of them. */
  readonly counterRow: number;
  /** One 32-bit word, not 0 once everybody is to finish what he is at, and no more. */
  readonly stop: SharedArrayBuffer;
}

export interface PlannerStart extends ThreadStart {
  readonly tree: HexId;
  readonly entry: ByteString | undefined;
  readonly target: string;
  readonly targetNode: string | undefined;
  readonly select: Selection;
  readonly overwrite: Overwrite;
  readonly deleteExtra: boolean;
  readonly dryRun: boolean;
  readonly verify: boolean;
  /** Whether somebody wants to be told of each entry. */
  readonly tellEntries: boolean;
  /** One for each writing thread. */
  readonly writers: readonly MessagePort[];
  /** How many of them are enough for work that does not wait for the disk. */
  readonly busyWriters: number;
  /** Where trees come from. */
  readonly trees: MessagePort;
}

export interface WriterStart extends ThreadStart {
  /** To the planning thread. */
  readonly tasks: MessagePort;
}

/** Planner to main, about trees. */
export interface TreeRequest extends TreePlace {
  readonly request: number;
}
export interface TreeReply {
  readonly request: number;
  readonly result: { readonly sealed: Uint8Array } | { readonly failure: ErrorMessage };
}

/** A DomainError on its way to another thread. */
export interface ErrorMessage {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export type PlannerMessage =
  | { readonly kind: "finding"; readonly finding: Finding }
  | { readonly kind: "entries"; readonly entries: readonly RestoredEntry[] }
  /** Part of a pack that a writer needs for a task. */
  | { readonly kind: "fetch"; readonly task: number; readonly writer: number; readonly place: TreePlace }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly error: ErrorMessage };

/** Main to writer. */
export interface FetchedRange {
  readonly task: number;
  /** Undefined: the store does not have it. */
  readonly bytes: Uint8Array | undefined;
}

/** Planner to writer: blobs of one range of a pack, and everything that is made of them. */
export interface WriteTask {
  readonly task: number;
  /** Whether a FetchedRange comes for it. */
  readonly isFetched: boolean;
  /** Where in its pack the range begins. */
  readonly rangeOffset: number;
  /** Entries of the index. */
  readonly blobs: Float64Array;
  /** Rows of PIECE_WORDS: index of the blob, file descriptor, that for direct writes or NO_HANDLE, offset in the file. By blob. */
  readonly pieces: Float64Array;
  /** Rows of FILE_WORDS: index of the blob or -1 for an empty file, descriptor of the folder, FILE_… flags. By blob. */
  readonly files: Float64Array;
  /** The nodes of the files, as a tree in the order of `files`. */
  readonly nodes: Uint8Array<ArrayBuffer>;
}

export const PIECE_WORDS = 4;
export const NO_HANDLE = -1;
export const FILE_WORDS = 3;
/** There is an entry of that name, which the file is to replace. */
export const FILE_REPLACES = 1;
/** The folder gives attributes to new entries. */
export const FILE_INHERITS = 2;
/** Others are to become links to it. */
export const FILE_IS_LINKED = 4;

export type WriteFailure =
  /** Nothing that needs the blob was written. */
  | { readonly kind: "blob"; readonly blob: number; readonly message: string }
  /** `code` is that of errno(3). */
  | { readonly kind: "file"; readonly file: number; readonly code: string }
  | { readonly kind: "piece"; readonly piece: number; readonly code: string };

export interface WriteReply {
  readonly task: number;
  readonly failures: readonly WriteFailure[];
  readonly shortfalls: readonly (readonly [file: number, Shortfall])[];
  /** Which inode a file with FILE_IS_LINKED got. */
  readonly inodes: readonly (readonly [file: number, inode: bigint])[];
}

/** The code of failures that come of being told to stop. */
export const STOPPED = "ECANCELED";
/** That of a node that says nothing one could make a file of. */
export const BAD_NODE = "EBADMSG";
