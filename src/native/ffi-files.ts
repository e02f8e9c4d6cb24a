/** The file calls of Linux's libc. Constants are Linux's, the same on every architecture. */
import { constants as fileConstants } from "node:fs";
import { constants } from "node:os";
import { type ByteString, displayText } from "../base/byte-string.ts";
import { systemError } from "./errno.ts";
import { addressOf, foreignMemory, NativeBuffer, nativeFunctions } from "./ffi.ts";
import type { FileCalls, FileStat, FileTarget } from "./files.ts";
import { StatxBuffer } from "./statx-buffer.ts";

const { EINVAL, ENAMETOOLONG, ENODATA, ENOTSUP, ENXIO } = constants.errno;
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_SYMLINK_FOLLOW = 0x400;
const AT_NO_AUTOMOUNT = 0x800;
const AT_EMPTY_PATH = 0x1000;
const STATX_FLAGS = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;
const STATX_BASIC_STATS = 0x7ff;
const O_CLOEXEC = 0o2000000;
const CREATE_FILE = fileConstants.O_WRONLY | fileConstants.O_CREAT | fileConstants.O_EXCL | fileConstants.O_NOFOLLOW | O_CLOEXEC;
const SEEK_END = 2;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
/** With the NUL at the end. */
const PATH_MAX = 4096;
/** With the NUL at the end: XATTR_NAME_MAX is 255, and so is NAME_MAX. */
const NAME_ROOM = 256;
/** XATTR_LIST_MAX and XATTR_SIZE_MAX: the kernel gives and takes no more. */
const XATTR_ROOM = 65_536;
const TIMESPEC_BYTES = 16;
const SECOND_NS = 1_000_000_000n;

const FUNCTIONS = {
  __errno_location: { return: "pointer", arguments: [] },
  llistxattr: { return: "int32", arguments: ["pointer", "pointer", "uint64"] },
  flistxattr: { return: "int32", arguments: ["int32", "pointer", "uint64"] },
  lgetxattr: { return: "int32", arguments: ["pointer", "pointer", "pointer", "uint64"] },
  fgetxattr: { return: "int32", arguments: ["int32", "pointer", "pointer", "uint64"] },
  lsetxattr: { return: "int32", arguments: ["pointer", "pointer", "pointer", "uint64", "int32"] },
  fsetxattr: { return: "int32", arguments: ["int32", "pointer", "pointer", "uint64", "int32"] },
  lremovexattr: { return: "int32", arguments: ["pointer", "pointer"] },
  fremovexattr: { return: "int32", arguments: ["int32", "pointer"] },
  mknod: { return: "int32", arguments: ["pointer", "uint32", "uint64"] },
  utimensat: { return: "int32", arguments: ["int32", "pointer", "pointer", "int32"] },
  futimens: { return: "int32", arguments: ["int32", "pointer"] },
  statx: { return: "int32", arguments: ["int32", "pointer", "int32", "uint32", "pointer"] },
  openat: { return: "int32", arguments: ["int32", "pointer", "int32", "uint32"] },
  linkat: { return: "int32", arguments: ["int32", "pointer", "int32", "pointer", "int32"] },
  lseek: { return: "int64", arguments: ["int32", "int64", "int32"] },
} as const;

/** @throws {DomainError} unsupported/ffi */
export function ffiFileCalls(): FileCalls {
  const native = nativeFunctions(FUNCTIONS);
  // errno is read from its place in this thread's memory, with no call in between that could change it.
  const errno = new Int32Array(foreignMemory(native.__errno_location(), Int32Array.BYTES_PER_ELEMENT));
  const pathBuffer = new NativeBuffer(PATH_MAX);
  const nameBuffer = new NativeBuffer(NAME_ROOM);
  const valueBuffer = new NativeBuffer(XATTR_ROOM);
  const times = new NativeBuffer(2 * TIMESPEC_BYTES);
  const timespecs = new BigInt64Array(times.memory);
  const room = BigInt(XATTR_ROOM);
  const stat = new StatxBuffer();

  function fail(syscall: string, target: FileTarget, error = errno[0] ?? 0): never {
    throw systemError(error, syscall, typeof target === "number" ? undefined : displayText(target));
  }

  function pathAt(path: ByteString, syscall: string): bigint {
    const error = writeCString(pathBuffer, path);
    return error === undefined ? pathBuffer.address : fail(syscall, path, error);
  }

  function nameAt(name: ByteString, syscall: string): bigint {
    const error = writeCString(nameBuffer, name);
    return error === undefined ? nameBuffer.address : fail(syscall, name, error);
  }

  function statIn(folder: number, name: ByteString): FileStat {
    if (native.statx(folder, pathAt(name, "statx"), STATX_FLAGS, STATX_BASIC_STATS, stat.address) < 0) fail("statx", name);
    return stat.read();
  }

  function openIn(folder: number, name: ByteString, flags: number): number {
    const file = native.openat(folder, pathAt(name, "openat"), flags | O_CLOEXEC, 0);
    return file < 0 ? fail("openat", name) : file;
  }

  function createIn(folder: number, name: ByteString, mode: number): number {
    const file = native.openat(folder, pathAt(name, "openat"), CREATE_FILE, mode);
    return file < 0 ? fail("openat", name) : file;
  }

  function linkIn(folder: number, name: ByteString, file: number): void {
    // open(2): the way for those who may not use AT_EMPTY_PATH.
    const open = pathAt(`/proc/self/fd/${file}` as ByteString, "linkat");
    if (native.linkat(AT_FDCWD, open, folder, nameAt(name, "linkat"), AT_SYMLINK_FOLLOW) < 0) fail("linkat", name);
  }

  function listXattrs(target: FileTarget): readonly ByteString[] {
    const { address, bytes } = valueBuffer;
    const length =
      typeof target === "number" ? native.flistxattr(target, address, room) : native.llistxattr(pathAt(target, "listxattr"), address, room);
    if (length === 0 || (length < 0 && errno[0] === ENOTSUP)) return [];
    if (length < 0) fail("listxattr", target);
    // Each name ends with a NUL.
    return bytes.toString("latin1", 0, length - 1).split("\0") as ByteString[];
  }

  function getXattr(target: FileTarget, name: ByteString): Uint8Array | undefined {
    const { address, bytes } = valueBuffer;
    const nameAddress = nameAt(name, "getxattr");
    const length =
      typeof target === "number"
        ? native.fgetxattr(target, nameAddress, address, room)
        : native.lgetxattr(pathAt(target, "getxattr"), nameAddress, address, room);
    if (length < 0) return errno[0] === ENODATA || errno[0] === ENOTSUP ? undefined : fail("getxattr", target);
    return Uint8Array.from(bytes.subarray(0, length));
  }

  function setXattr(target: FileTarget, name: ByteString, value: Uint8Array): void {
    const nameAddress = nameAt(name, "setxattr");
    const [address, length] = [addressOf(value), BigInt(value.length)];
    const result =
      typeof target === "number"
        ? native.fsetxattr(target, nameAddress, address, length, 0)
        : native.lsetxattr(pathAt(target, "setxattr"), nameAddress, address, length, 0);
    if (result < 0) fail("setxattr", target);
  }

  function removeXattr(target: FileTarget, name: ByteString): void {
    const nameAddress = nameAt(name, "removexattr");
    const result =
      typeof target === "number"
        ? native.fremovexattr(target, nameAddress)
        : native.lremovexattr(pathAt(target, "removexattr"), nameAddress);
    if (result < 0) fail("removexattr", target);
  }

  function makeNode(path: ByteString, mode: number, device: bigint): void {
    if (native.mknod(pathAt(path, "mknod"), mode, device) < 0) fail("mknod", path);
  }

  function setTimes(target: FileTarget, atimeNs: bigint, mtimeNs: bigint): void {
    writeTimespec(timespecs, 0, atimeNs);
    writeTimespec(timespecs, 2, mtimeNs);
    const result =
      typeof target === "number"
        ? native.futimens(target, times.address)
        : native.utimensat(AT_FDCWD, pathAt(target, "utimensat"), times.address, AT_SYMLINK_NOFOLLOW);
    if (result < 0) fail("utimensat", target);
  }

  function lengthOf(file: number): number {
    const end = native.lseek(file, 0n, SEEK_END);
    return end < 0n ? fail("lseek", file) : Number(end);
  }

  function nextData(file: number, offset: number): number | undefined {
    const found = native.lseek(file, BigInt(offset), SEEK_DATA);
    if (found < 0n) return errno[0] === ENXIO ? undefined : fail("lseek", file);
    return Number(found);
  }

  function nextHole(file: number, offset: number): number {
    const found = native.lseek(file, BigInt(offset), SEEK_HOLE);
    return found < 0n ? fail("lseek", file) : Number(found);
  }

  return {
    backEnd: "ffi",
    missing: [],
    statIn,
    openIn,
    createIn,
    linkIn,
    listXattrs,
    getXattr,
    setXattr,
    removeXattr,
    makeNode,
    setTimes,
    lengthOf,
    nextData,
    nextHole,
  };
}

/** Gives the errno of a string that no call would take. */
function writeCString({ bytes }: NativeBuffer, string: ByteString): number | undefined {
  if (string.length >= bytes.length) return ENAMETOOLONG;
  if (string.includes("\0")) return EINVAL;
  bytes[bytes.write(string, "latin1")] = 0;
  return undefined;
}

/** A C timespec: whole seconds, also negative ones, and nanoseconds after them. */
function writeTimespec(words: BigInt64Array, at: number, timeNs: bigint): void {
  const nanoseconds = ((timeNs % SECOND_NS) + SECOND_NS) % SECOND_NS;
  words[at] = (timeNs - nanoseconds) / SECOND_NS;
  words[at + 1] = nanoseconds;
}
