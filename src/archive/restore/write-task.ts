/** One task of a writing thread, as the planner sees it: what is made of the blobs of one range, and what became of it. */
import type { ByteString } from "../../base/byte-string.ts";
import { DomainError } from "../../base/errors.ts";
import type { Shortfall } from "./attributes.ts";
import type { BlobPlace } from "./blob-ranges.ts";
import { FILE_WORDS, NO_HANDLE, PIECE_WORDS, type WriteReply, type WriteTask } from "./messages.ts";
import type { PieceFile } from "./piece-file.ts";
import type { TargetFolder } from "./target-folder.ts";

/** A file of one blob or none, made by one thread in one go. */
export interface WholeFile {
  readonly folder: TargetFolder;
  readonly name: ByteString;
  /** Its node, as JSON. */
  readonly raw: Uint8Array;
  /** FILE_… */
  readonly flags: number;
  /** Told when it is made, if its inode was asked for, or has failed. */
  readonly done?: ((inode: bigint | undefined) => void) | undefined;
}

export interface Piece {
  readonly file: PieceFile;
  readonly offset: number;
}

/** A blob at one of its places, and all that is made of it. */
export interface BlobUse extends BlobPlace {
  readonly entry: number;
  readonly files: WholeFile[];
  readonly pieces: Piece[];
  /** Places where it was looked for in vain, this one not among them. */
  readonly failed: readonly number[];
}

export interface TaskParts {
  readonly uses: readonly BlobUse[];
  /** Empty ones first, then those of the blobs, in their order. */
  readonly files: readonly WholeFile[];
  /** In the order of the blobs. */
  readonly pieces: readonly Piece[];
}

/** What becomes of the files. */
export interface WriteOutcome {
  readonly damaged: (path: string, error: unknown) => void;
  /** By the name of the system's error. May throw what stops everything. */
  readonly failedWith: (path: string, code: string) => void;
  readonly missed: (path: string, shortfalls: readonly Shortfall[]) => void;
}

const NO_BLOB = -1;
const TREE_HEAD = Buffer.from('{"nodes":[');
const TREE_TAIL = Buffer.from("]}");
const COMMA = 0x2c;

/** @param rangeOffset undefined: nothing is fetched for it */
export function writeTask(task: number, { uses, files, pieces }: TaskParts, rangeOffset: number | undefined): WriteTask {
  const fileRows = new Float64Array(files.length * FILE_WORDS);
  const pieceRows = new Float64Array(pieces.length * PIECE_WORDS);
  let fileRow = 0;
  let pieceRow = 0;
  const addFile = ({ folder, flags }: WholeFile, blob: number): void => {
    fileRows.set([blob, folder.fd, flags], FILE_WORDS * fileRow++);
  };
  const empty = files.length - uses.reduce((sum, use) => sum + use.files.length, 0);
  for (const file of files.slice(0, empty)) addFile(file, NO_BLOB);
  for (const [blob, use] of uses.entries()) {
    for (const file of use.files) addFile(file, blob);
    for (const { file, offset } of use.pieces) {
      const { fd, direct = NO_HANDLE } = file.handles;
      pieceRows.set([blob, fd, direct, offset], PIECE_WORDS * pieceRow++);
    }
  }
  return {
    task,
    isFetched: rangeOffset !== undefined,
    rangeOffset: rangeOffset ?? 0,
    blobs: Float64Array.from(uses, ({ entry }) => entry),
    pieces: pieceRows,
    files: fileRows,
    nodes: joinNodes(files),
  };
}

/**
 * Passes on what became of each file and piece.
 *
 * @param retry whether a blob that could not be had is tried once more; its files and pieces are then not done with
 * Throws the first error of an outcome, after all of them.
 */
export function settleTask(parts: TaskParts, reply: WriteReply, outcome: WriteOutcome, retry: (use: BlobUse) => boolean): void {
  const retried = new Set<WholeFile | Piece>();
  const damaged = new Map<WholeFile | Piece, DomainError>();
  const refused = new Map<WholeFile | Piece, string>();
  for (const failure of reply.failures) {
    if (failure.kind === "blob") {
      const use = parts.uses[failure.blob];
      if (use === undefined) continue;
      const error = new DomainError("corrupt", "blob_damaged", failure.message);
      const isRetried = retry(use);
      for (const user of [...use.files, ...use.pieces])
        if (isRetried) retried.add(user);
        else damaged.set(user, error);
    } else {
      const user = failure.kind === "file" ? parts.files[failure.file] : parts.pieces[failure.piece];
      if (user !== undefined) refused.set(user, failure.code);
    }
  }
  const inodes = new Map(reply.inodes);
  const shortfalls = Map.groupBy(reply.shortfalls, ([file]) => file);
  let thrown: { readonly error: unknown } | undefined;
  const attempt = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      thrown ??= { error };
    }
  };
  for (const [at, file] of parts.files.entries()) {
    if (retried.has(file)) continue;
    const error = damaged.get(file);
    const code = refused.get(file);
    const missed = shortfalls.get(at)?.map(([, shortfall]) => shortfall);
    attempt(() => {
      if (error !== undefined) outcome.damaged(pathOf(file), error);
      else if (code !== undefined) outcome.failedWith(pathOf(file), code);
      else if (missed !== undefined) outcome.missed(pathOf(file), missed);
    });
    attempt(() => file.done?.(error === undefined && code === undefined ? inodes.get(at) : undefined));
    attempt(() => file.folder.release());
  }
  for (const piece of parts.pieces) {
    if (retried.has(piece)) continue;
    const error = damaged.get(piece) ?? refusal(refused.get(piece));
    if (error !== undefined) piece.file.fail(error);
    attempt(() => piece.file.settle());
  }
  if (thrown !== undefined) throw thrown.error;
}

function pathOf({ folder, name }: WholeFile): string {
  return folder.pathOf(name);
}

/** The error of a system's call in another thread. */
function refusal(code: string | undefined): Error | undefined {
  return code === undefined ? undefined : Object.assign(new Error(`write failed: ${code}`), { code, syscall: "write" });
}

function joinNodes(files: readonly WholeFile[]): Uint8Array<ArrayBuffer> {
  const commas = Math.max(files.length - 1, 0);
  const tree = new Uint8Array(files.reduce((sum, { raw }) => sum + raw.length, TREE_HEAD.length + commas + TREE_TAIL.length));
  tree.set(TREE_HEAD);
  let at = TREE_HEAD.length;
  for (const { raw } of files) {
    if (at > TREE_HEAD.length) tree[at++] = COMMA;
    tree.set(raw, at);
    at += raw.length;
  }
  tree.set(TREE_TAIL, at);
  return tree;
}
