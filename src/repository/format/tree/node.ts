/** What a tree says about one entry of a folder. */
import type { ByteString } from "../../../base/byte-string.ts";
import type { HexId } from "../../../base/ids.ts";

/** restic's words. `dev` is a block device; `irregular` is what a writer could not classify. */
export const NODE_TYPES = ["file", "dir", "symlink", "dev", "chardev", "fifo", "socket", "irregular"] as const;
export type NodeType = (typeof NODE_TYPES)[number];

export interface ExtendedAttribute {
  /** Bytes that are not UTF-8 do not survive: restic's format has no place for them here. */
  readonly name: ByteString;
  readonly value: Uint8Array;
}

/** Times are nanoseconds since 1970, UTC. Where restic leaves a field out, the value is 0, empty or absent. */
export interface Node {
  readonly name: ByteString;
  readonly type: NodeType;
  /** Go's FileMode, see goModeOf(). */
  readonly mode: number;
  readonly mtimeNs: bigint;
  readonly atimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  readonly group: string;
  /** With `deviceId`, what hard links are joined by on restore. */
  readonly inode: bigint;
  /** The file system it lies on, `st_dev`. */
  readonly deviceId: bigint;
  /** Bytes; of files only. */
  readonly size: number;
  readonly links: number;
  readonly linkTarget?: ByteString;
  /** In the order of the file system's list. */
  readonly xattrs: readonly ExtendedAttribute[];
  /** Attributes of other systems: the JSON object as the tree has it, in UTF-8. */
  readonly genericAttributes?: ByteString;
  /** Which device a device node stands for, `st_rdev`. */
  readonly device: bigint;
  /** The blobs of a file, none for an empty one. Absent for everything else. */
  readonly content?: readonly HexId[];
  /** The tree of a folder. */
  readonly subtree?: HexId;
  readonly error?: string;
}

/** Bits of st_mode on Linux, inode(7). */
const STAT_TYPE = 0o170000;
const STAT_SETUID = 0o4000;
const STAT_SETGID = 0o2000;
const STAT_STICKY = 0o1000;
const PERMISSIONS = 0o777;

/** Bits of Go's io/fs.FileMode. */
const GO_DIR = 2 ** 31;
const GO_SYMLINK = 2 ** 27;
const GO_DEVICE = 2 ** 26;
const GO_NAMED_PIPE = 2 ** 25;
const GO_SOCKET = 2 ** 24;
const GO_SETUID = 2 ** 23;
const GO_SETGID = 2 ** 22;
const GO_CHAR_DEVICE = 2 ** 21;
const GO_STICKY = 2 ** 20;
const GO_IRREGULAR = 2 ** 19;

interface TypeRow {
  readonly type: NodeType;
  /** Undefined: no such thing on Linux. */
  readonly stat: number | undefined;
  readonly go: number;
}

const TYPES: readonly TypeRow[] = [
  { type: "file", stat: 0o100000, go: 0 },
  { type: "dir", stat: 0o040000, go: GO_DIR },
  { type: "symlink", stat: 0o120000, go: GO_SYMLINK },
  { type: "dev", stat: 0o060000, go: GO_DEVICE },
  { type: "chardev", stat: 0o020000, go: GO_DEVICE + GO_CHAR_DEVICE },
  { type: "fifo", stat: 0o010000, go: GO_NAMED_PIPE },
  { type: "socket", stat: 0o140000, go: GO_SOCKET },
  { type: "irregular", stat: undefined, go: GO_IRREGULAR },
];
const GO_TYPE = GO_DIR + GO_SYMLINK + GO_DEVICE + GO_NAMED_PIPE + GO_SOCKET + GO_CHAR_DEVICE + GO_IRREGULAR;
const BY_STAT_TYPE = new Map(TYPES.map((row) => [row.stat, row]));
const BY_GO_TYPE = new Map(TYPES.map((row) => [row.go, row]));

/** What kind of thing `st_mode` is of. */
export function nodeTypeOf(statMode: number): NodeType {
  return BY_STAT_TYPE.get(statMode & STAT_TYPE)?.type ?? "irregular";
}

/** Go's form of `st_mode`: type, permissions, setuid, setgid and sticky. */
export function goModeOf(statMode: number): number {
  return (
    (statMode & PERMISSIONS) +
    ((statMode & STAT_SETUID) === 0 ? 0 : GO_SETUID) +
    ((statMode & STAT_SETGID) === 0 ? 0 : GO_SETGID) +
    ((statMode & STAT_STICKY) === 0 ? 0 : GO_STICKY) +
    (BY_STAT_TYPE.get(statMode & STAT_TYPE)?.go ?? GO_IRREGULAR)
  );
}

/** Back to `st_mode`. Its type is 0 where Linux has none like it. */
export function statModeOf(goMode: number): number {
  return (
    (goMode & PERMISSIONS) |
    ((goMode & GO_SETUID) === 0 ? 0 : STAT_SETUID) |
    ((goMode & GO_SETGID) === 0 ? 0 : STAT_SETGID) |
    ((goMode & GO_STICKY) === 0 ? 0 : STAT_STICKY) |
    (BY_GO_TYPE.get((goMode & GO_TYPE) >>> 0)?.stat ?? 0)
  );
}
