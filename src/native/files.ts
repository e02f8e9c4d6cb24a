/**
 * What trees of files need and Node lacks: extended attributes (POSIX ACLs are two of them), special files, times to the
 * nanosecond, and holes. All calls are synchronous: they belong on a thread that works on data.
 *
 * Errors of the system look like Node's: an Error with `code` ("ENOENT"), `errno`, `syscall` and `path`.
 */
import type { ByteString } from "../base/byte-string.ts";
import { type Choice, chooseBackEnd } from "./back-end.ts";
import { ffiFileCalls } from "./ffi-files.ts";
import { nodeFileCalls } from "./node-files.ts";

/** A path, whose last part is not followed if it is a symbolic link, or an open file. */
export type FileTarget = ByteString | number;

/** What stat(2) says, in the units that it says it in. */
export interface FileStat {
  /** Type and permissions. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  readonly size: number;
  /** Of 512 bytes. */
  readonly blocks: number;
  readonly ino: bigint;
  /** Which file system it lies on. */
  readonly dev: bigint;
  /** Which device it is, of device nodes. */
  readonly rdev: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** What a back end can lack. */
export type FileFeature = "xattrs" | "special-files" | "nanosecond-times" | "holes" | "unnamed-files";

export interface FileCalls {
  readonly backEnd: "ffi" | "node";
  /** What is lost: xattrs read as none, times are kept to the microsecond, holes read as data; the rest is refused. */
  readonly missing: readonly FileFeature[];
  /** An entry of an open folder, which is not followed if it is a symbolic link; with the name "", what `folder` itself is. */
  readonly statIn: (folder: number, name: ByteString) => FileStat;
  /** Opens an entry of an open folder; `flags` as for open(2), without O_CREAT. */
  readonly openIn: (folder: number, name: ByteString, flags: number) => number;
  /** Makes a file in an open folder and opens it to be written to. Never what is there already, be it a link. @param mode less the umask */
  readonly createIn: (folder: number, name: ByteString, mode: number) => number;
  /**
   * Gives a name in an open folder to a file that was opened with O_TMPFILE in the same file system. Never one that is there already.
   *
   * @throws {DomainError} unsupported/file_call
   */
  readonly linkIn: (folder: number, name: ByteString, file: number) => void;
  /** Names of the extended attributes, in the file system's order; none where it has no such thing. */
  readonly listXattrs: (target: FileTarget) => readonly ByteString[];
  /** Undefined if there is none of that name. */
  readonly getXattr: (target: FileTarget, name: ByteString) => Uint8Array | undefined;
  /** @throws {DomainError} unsupported/file_call */
  readonly setXattr: (target: FileTarget, name: ByteString, value: Uint8Array) => void;
  /** @throws {DomainError} unsupported/file_call */
  readonly removeXattr: (target: FileTarget, name: ByteString) => void;
  /**
   * Makes a fifo, socket or device, as the type bits of `mode` (S_IFMT) say, with permissions less the umask. `device`
   * is what stat() gives as `rdev`.
   *
   * @throws {DomainError} unsupported/file_call
   */
  readonly makeNode: (path: ByteString, mode: number, device: bigint) => void;
  /** Nanoseconds since 1970, also before. */
  readonly setTimes: (target: FileTarget, atimeNs: bigint, mtimeNs: bigint) => void;
  /** Bytes of an open file or block device. Moves the file's position. */
  readonly lengthOf: (file: number) => number;
  /** Where the next data begins at `offset` or later, undefined if only a hole follows. Moves the file's position. */
  readonly nextData: (file: number, offset: number) => number | undefined;
  /** Where the next hole begins at `offset` or later; the end of the file counts as one. Moves the file's position. */
  readonly nextHole: (file: number, offset: number) => number;
}

let choice: Choice<FileCalls> | undefined;

/** The file calls of this thread. */
export function fileCalls(): FileCalls {
  return choose().taken;
}

/** Why this thread has to do with plain Node, if it has to; `missing` of the calls says what that costs. */
export function fileCallsFallback(): string | undefined {
  return choose().fallback;
}

function choose(): Choice<FileCalls> {
  choice ??= chooseBackEnd(ffiFileCalls, nodeFileCalls, checkFileCalls);
  return choice;
}

/** Calls, paths and errno arrive: asking what does not exist fails with just that. */
function checkFileCalls({ missing, listXattrs }: FileCalls): void {
  if (missing.includes("xattrs")) return;
  try {
    listXattrs("/proc/self/there-is-no-such-file" as ByteString);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    throw error;
  }
  throw new Error("Cannot use native file calls: a missing file has attributes");
}
