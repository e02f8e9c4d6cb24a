/** What an image is restored into: a block device that nobody else uses, or a file that takes its place when it is whole. */
import { constants, type Stats } from "node:fs";
import { type FileHandle, open, realpath, rename, rm, stat, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DomainError, type ErrorKind } from "../../base/errors.ts";
import { fileCalls } from "../../native/files.ts";
import { stopping, targetFull } from "../restore/findings.ts";
import { temporaryName } from "../restore/temporary-name.ts";

export interface ImageTarget extends AsyncDisposable {
  readonly fd: number;
  /** Reads as zeros as long as nothing was written. */
  readonly isBlank: boolean;
  /** Makes it last, and puts it in its place. Disposed without this, a file goes, and a device stays as it is. */
  readonly finish: () => Promise<void>;
}

export interface TargetDemands {
  /** Of the image. */
  readonly bytes: number;
  /** What of it is not zeros, about. */
  readonly filledBytes: number;
  readonly mayOverwrite: boolean;
}

/** Looked at on both ends of a device: where partition tables and file systems have their marks. */
const MARK_BYTES = 1 << 20;
const { O_RDONLY, O_RDWR, O_EXCL, O_CREAT, O_DIRECTORY } = constants;
/** Linux's, with O_DIRECTORY in it as open(2) wants; Node has no name for it. */
const O_TMPFILE = 0o20000000 | O_DIRECTORY;
const PRIVATE_FILE = 0o600;
const ALL_MODE_BITS = 0o7777;

/**
 * Looks whether the image can be restored there, and changes nothing.
 *
 * @returns opens it
 * @throws {DomainError} conflict/target_in_use, conflict/target_too_small, conflict/target_has_content, conflict/target_no_image
 * @throws {DomainError} unavailable/target_full, not-found/target_missing, forbidden/target_forbidden, forbidden/target_read_only
 */
export async function findTarget(path: string, demands: TargetDemands): Promise<() => Promise<ImageTarget>> {
  try {
    const found = await statIfThere(path);
    if (found?.isBlockDevice() === true) {
      await using device = await openDevice(path, O_RDONLY, demands);
      if (!demands.mayOverwrite && !(await isUnmarked(device))) throw hasContent(path);
      return async () => deviceTarget(path, demands);
    }
    if (found !== undefined && !found.isFile())
      throw refused("conflict", "target_no_image", path, "it is neither a block device nor a file");
    if (found !== undefined && found.size > 0 && !demands.mayOverwrite) throw hasContent(path);
    const place = found === undefined ? path : await realpath(path);
    await requireRoom(place, demands.filledBytes);
    return async () => fileTarget(place, demands.bytes, found);
  } catch (error) {
    throw asTargetError(path, error);
  }
}

/** What the system says of a target, in words. */
export function asTargetError(path: string, error: unknown): unknown {
  if (error instanceof DomainError || !(error instanceof Error && "code" in error)) return error;
  const code = String(error.code);
  if (code === "EBUSY") return refused("conflict", "target_in_use", path, "it is mounted or otherwise in use", "Unmount it first");
  if (code === "EACCES" || code === "EPERM") return refused("forbidden", "target_forbidden", path, "permission denied");
  if (code === "ENOENT" || code === "ENOTDIR") return refused("not-found", "target_missing", path, "its folder does not exist");
  if (code === "EFBIG") return refused("unsupported", "target_too_large", path, "it is too large for this file system");
  if (code === "EIO") return refused("unavailable", "target_unwritable", path, "the disk cannot be written there");
  return stopping(path, code) ?? refused("unavailable", "target_unwritable", path, code);
}

async function deviceTarget(path: string, demands: TargetDemands): Promise<ImageTarget> {
  const device = await openDevice(path, O_RDWR, demands);
  return { fd: device.fd, isBlank: false, finish: () => device.sync(), [Symbol.asyncDispose]: () => device.close() };
}

/** Nobody can mount it while it is open so, open(2). */
async function openDevice(path: string, flags: number, { bytes }: TargetDemands): Promise<FileHandle> {
  const device = await open(path, flags | O_EXCL);
  const length = fileCalls().lengthOf(device.fd);
  if (length >= bytes) return device;
  await device.close();
  throw refused("conflict", "target_too_small", path, `it has ${length} bytes, and the image has ${bytes}`);
}

async function isUnmarked(device: FileHandle): Promise<boolean> {
  const last = Math.max(fileCalls().lengthOf(device.fd) - MARK_BYTES, 0);
  for (const position of [0, last]) {
    const { bytesRead, buffer } = await device.read(Buffer.alloc(MARK_BYTES), { position });
    if (!buffer.subarray(0, bytesRead).equals(Buffer.alloc(bytesRead))) return false;
  }
  return true;
}

/** What is in its place stays until the new one is whole. */
async function fileTarget(path: string, bytes: number, replaced: Stats | undefined): Promise<ImageTarget> {
  await using made = new AsyncDisposableStack();
  const folder = made.use(await open(dirname(path), O_RDONLY | O_DIRECTORY));
  const inFolder = (name: string): string => join(`/proc/self/fd/${folder.fd}`, name);
  const name = temporaryName();
  const temporary = inFolder(name);
  const unnamed = await openUnnamed(inFolder("."));
  const file = made.use(unnamed ?? (await open(temporary, O_RDWR | O_CREAT | O_EXCL, PRIVATE_FILE)));
  let isInPlace = false;
  made.defer(async () => (isInPlace ? undefined : rm(temporary, { force: true })));
  await file.truncate(bytes);
  const owned = made.move();
  return {
    fd: file.fd,
    isBlank: true,
    finish: async () => {
      if (replaced !== undefined) {
        const own = await file.stat();
        if (own.uid !== replaced.uid || own.gid !== replaced.gid) await file.chown(replaced.uid, replaced.gid);
        await file.chmod(replaced.mode & ALL_MODE_BITS);
      }
      await file.sync();
      if (unnamed !== undefined) fileCalls().linkIn(folder.fd, name, unnamed.fd);
      await rename(temporary, inFolder(basename(path)));
      isInPlace = true;
      await folder.sync();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A file that is gone with the process, should that be killed. Undefined where the file system, or plain Node, has no such thing. */
async function openUnnamed(folder: string): Promise<FileHandle | undefined> {
  if (fileCalls().missing.includes("unnamed-files")) return undefined;
  try {
    return await open(folder, O_RDWR | O_TMPFILE, PRIVATE_FILE);
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "EOPNOTSUPP" || error.code === "ENOTSUP" || error.code === "EISDIR")) {
      return undefined;
    }
    throw error;
  }
}

async function requireRoom(path: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  if (bytes > bavail * bsize) throw targetFull(path, `${bytes} bytes are needed, and ${bavail * bsize} are free`);
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function hasContent(path: string): DomainError {
  return refused("conflict", "target_has_content", path, "there is something on it", 'Use "--overwrite always" to lose it');
}

function refused(kind: ErrorKind, code: string, path: string, state: string, hint?: string): DomainError {
  return new DomainError(kind, code, `Cannot restore the image to "${path}": ${state}`, hint === undefined ? {} : { hint });
}
