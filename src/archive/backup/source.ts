/** What a backup reads. */
import type { ByteString } from "../../base/byte-string.ts";
import type { FolderMark } from "../exclude.ts";

/** Entries of a folder that are wanted, each with what is wanted of it; undefined: everything. */
export type Wanted = ReadonlyMap<ByteString, Wanted> | undefined;

export interface TreeSource {
  readonly kind: "tree";
  /** The folder whose entries stand at the top of the snapshot. */
  readonly root: string;
  readonly wanted: Wanted;
  /** Absolute paths that a person named, also those below others: their file systems are wanted, too. */
  readonly named: ReadonlySet<ByteString>;
  readonly excludes: ExcludeRules;
}

export interface StreamSource {
  readonly kind: "stream";
  readonly fd: number;
  /** What the file is called. */
  readonly name: ByteString;
  /** Its time. */
  readonly nowNs: bigint;
}

/** A disk, or a file that is the image of one. */
export interface ImageSource {
  readonly kind: "image";
  /** Links are followed. */
  readonly path: string;
  /** The folders that it lies in, in the snapshot, from the root on. */
  readonly place: readonly ByteString[];
  /**
   * What was written since the parent snapshot was made, at least: parts that none of it touches are taken from there and not read.
   * @default not known, so that everything is read
   */
  readonly changed?: readonly ByteRange[] | undefined;
}

export interface ByteRange {
  readonly from: number;
  /** The first byte behind it. */
  readonly to: number;
}

export type BackupSource = TreeSource | StreamSource | ImageSource;

export interface ExcludeRules {
  readonly patterns: readonly ByteString[];
  readonly patternsIgnoringCase: readonly ByteString[];
  readonly marks: readonly FolderMark[];
  readonly largerThanBytes: number | undefined;
  readonly oneFileSystem: boolean;
}

export const NO_EXCLUDES: ExcludeRules = {
  patterns: [],
  patternsIgnoringCase: [],
  marks: [],
  largerThanBytes: undefined,
  oneFileSystem: false,
};
