/** The file calls in plain Node: what it cannot do is listed, and refused where nothing near it can be done. */
import { constants, fstatSync, futimesSync, lstatSync, lutimesSync, openSync, readFileSync } from "node:fs";
import { type ByteString, bytesOf } from "../base/byte-string.ts";
import { DomainError } from "../base/errors.ts";
import type { FileCalls, FileStat, FileTarget } from "./files.ts";

/** Unit of a device's size in sysfs. */
const SECTOR_BYTES = 512;
const CREATE_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

export function nodeFileCalls(): FileCalls {
  return {
    backEnd: "node",
    missing: ["xattrs", "special-files", "nanosecond-times", "holes", "unnamed-files"],
    statIn,
    openIn: (folder, name, flags) => openSync(pathIn(folder, name), flags),
    createIn: (folder, name, mode) => openSync(pathIn(folder, name), CREATE_FILE, mode),
    linkIn: () => refuse("give a name to a file that has none"),
    listXattrs: () => [],
    getXattr: () => undefined,
    setXattr: () => refuse("set extended attribute"),
    removeXattr: () => refuse("remove extended attribute"),
    makeNode: () => refuse("make special file"),
    setTimes,
    lengthOf,
    nextData: (file, offset) => (offset < fstatSync(file).size ? offset : undefined),
    nextHole: (file) => fstatSync(file).size,
  };
}

/** Node has no calls relative to a folder; the kernel's own name of the open folder serves as well. */
function pathIn(folder: number, name: ByteString): Buffer {
  return Buffer.from(`/proc/self/fd/${folder}/${name}`, "latin1");
}

function statIn(folder: number, name: ByteString): FileStat {
  const stat = name === "" ? fstatSync(folder, { bigint: true }) : lstatSync(pathIn(folder, name), { bigint: true });
  const { mode, uid, gid, nlink, size, blocks, ino, dev, rdev, mtimeNs, ctimeNs } = stat;
  return {
    mode: Number(mode),
    uid: Number(uid),
    gid: Number(gid),
    nlink: Number(nlink),
    size: Number(size),
    blocks: Number(blocks),
    ino,
    dev,
    rdev,
    mtimeNs,
    ctimeNs,
  };
}

/** stat() gives no length of devices, the kernel's table of them does. */
function lengthOf(file: number): number {
  const stat = fstatSync(file, { bigint: true });
  if (!stat.isBlockDevice()) return Number(stat.size);
  // makedev(3): of either number, the lower bits lie together, and the upper ones above.
  const major = ((stat.rdev >> 8n) & 0xfffn) | ((stat.rdev >> 32n) & 0xfffff000n);
  const minor = (stat.rdev & 0xffn) | ((stat.rdev >> 12n) & 0xffffff00n);
  return Number(readFileSync(`/sys/dev/block/${major}:${minor}/size`, "latin1")) * SECTOR_BYTES;
}

/** Node takes seconds as a double, which has a microsecond left in our times. */
function setTimes(target: FileTarget, atimeNs: bigint, mtimeNs: bigint): void {
  const [atime, mtime] = [Number(atimeNs) / 1e9, Number(mtimeNs) / 1e9];
  if (typeof target === "number") futimesSync(target, atime, mtime);
  else lutimesSync(bytesOf(target), atime, mtime);
}

function refuse(action: string): never {
  const hint = "Run it with the Node that Holdfast comes with, on Linux, without --no-experimental-ffi";
  throw new DomainError("unsupported", "file_call", `Cannot ${action}: plain Node has no call for it`, { hint });
}
